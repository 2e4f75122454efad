"""One execution at Athena under watch: how it stands, what it has cost so far, and when it has to be stopped."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import Any

from pyathena.model import AthenaQueryExecution

from sqlgen.warehouses.base import QueryLimits, QueryStatus, ScanLimitError, StatusListener, WarehouseError

DOLLARS_PER_TERABYTE = 5.0
SMALLEST_CHARGE = 10
MEGABYTE = 1 << 20
"""aws.amazon.com/athena/pricing: 5 dollars a terabyte in most regions, counted in megabytes, 10 at least; DDL and failures are free."""

ENDED = frozenset({"SUCCEEDED", "FAILED", "CANCELLED"})


def dollars(scanned: int | None) -> float | None:
    """Return the list price of so many bytes; nothing read costs nothing (DDL, a result given again)."""
    if scanned is None:
        return None
    megabytes = max(math.ceil(scanned / MEGABYTE), SMALLEST_CHARGE) if scanned else 0
    return megabytes / MEGABYTE * DOLLARS_PER_TERABYTE


@dataclass
class Watch:
    """Follows one execution: tells the listener, and stops what passes a limit by raising in pyathena's loop."""

    limits: QueryLimits
    listen: StatusListener | None
    begun: float = field(default_factory=time.monotonic)
    status: QueryStatus | None = None
    reason: str = ""

    @property
    def ended(self) -> bool:
        """Whether it has ended, or was never started."""
        return self.status is None or self.status.state in ENDED

    def tell(self, status: QueryStatus) -> None:
        """Take a status, and hand it to the listener."""
        self.status = status
        if self.listen is not None:
            self.listen(status)

    def started(self, query_id: str) -> None:
        """Take the id of the execution."""
        self.tell(QueryStatus(query_id, "QUEUED"))

    def take(self, execution: AthenaQueryExecution) -> None:
        """Take what GetQueryExecution says."""
        scanned = execution.data_scanned_in_bytes
        spent = execution.total_execution_time_in_millis
        self.reason = execution.state_change_reason or ""
        self.tell(
            QueryStatus(
                execution.query_id or "",
                execution.state or "",
                scanned,
                spent / 1000 if spent is not None else time.monotonic() - self.begun,
                dollars(scanned) if execution.state != "FAILED" else 0.0,
            )
        )

    def polled(self, execution: Any) -> None:
        """Take what GetQueryExecution says; raise ScanLimitError or WarehouseError at a limit."""
        self.take(execution)
        if self.ended:
            return
        scanned, most = execution.data_scanned_in_bytes or 0, self.limits.maximum_scan_bytes
        if most is not None and scanned > most:
            raise ScanLimitError(
                f"the query had read {scanned:,} bytes, more than the limit of {most:,}: "
                "ask for a shorter window (--from, --to), or raise the limit"
            )
        longest = self.limits.timeout_seconds
        if longest is not None and time.monotonic() - self.begun > longest:
            raise WarehouseError(
                f"the query ran for longer than {longest:g} s: ask for a shorter window, or wait longer"
            )
