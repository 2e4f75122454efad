"""The event store of the embedded engine: the columns of `events`, each event once, from which every question is answered.

Reading JSON costs more than any question does, so it is done once; and dropping the copies of an event here, where they are few,
spares every question a sort of the whole log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlgen.deliveries import TABLE as DELIVERY_RECORDS
from sqlgen.dialects import copy_order
from sqlgen.renderer import render_events

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

EVENT_STORE = "event_store"


def fill_store(connection: DuckDBPyConnection) -> None:
    """Make the table `event_store` from `delivery_records`, which is dropped; raises duckdb.Error if the engine fails."""
    connection.execute(f"CREATE TABLE {EVENT_STORE} AS {render_events('duckdb', 'files', DELIVERY_RECORDS)}")
    connection.execute(f"DROP TABLE {DELIVERY_RECORDS}")
    order = ", ".join(f"{name} NULLS LAST" for name in copy_order())
    connection.execute(f"""
        DELETE FROM {EVENT_STORE}
        WHERE rowid IN (
          SELECT record
          FROM (
            SELECT rowid AS record, row_number() OVER (PARTITION BY event_id ORDER BY {order}) AS copy_number
            FROM {EVENT_STORE}
            WHERE event_id IN (SELECT event_id FROM {EVENT_STORE} GROUP BY event_id HAVING count(*) > 1)
          )
          WHERE copy_number > 1
        )
    """)
