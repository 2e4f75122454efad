/*---
refused = "Amazon Security Lake makes this table itself: enable its CloudTrail source, and name amazon_security_lake_glue_db_<region>.amazon_security_lake_table_<region>_cloud_trail_mgmt_2_0 in the profile, partitions = [\"time_dt\"]"
---*/
