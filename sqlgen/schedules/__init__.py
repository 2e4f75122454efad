"""What a schedule keeps in the warehouse: the events that chains rest on, an index of sessions, and their summaries, a day at a time.

objects     what is kept: tables and views, each the answer of a query
runs        when each is filled, and with which part of the log
statements  the SQL of all that
tables      tables and views made
backfill    the days before
place, athena, snowflake   the schedules themselves, at EventBridge Scheduler and as tasks
status      when it last ran, and how late it is
documents   the same for other people's pipelines: SQL, CloudFormation, Terraform
"""
