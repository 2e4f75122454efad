"""What a scheduler knows: past runs of our statements, and who keeps the schedules."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlgen.objects.base import Keeper, Kept, SavedObject
from sqlgen.schedules.jobs import Job

LINE = re.compile(r"^-- sqlgen (?P<title>[\w -]+) \[sqlgen \S+ [0-9a-f]{16}\]$", re.MULTILINE)
"""The line that a MERGE of ours begins with (`sqlgen.schedules.statements`)."""
RUNS_SHOWN = 5


@dataclass(frozen=True)
class PastRun:
    """One run of a statement. `succeeded`: None while it runs; `reason`: why it failed, in the engine's words."""

    at: datetime
    succeeded: bool | None
    reason: str = ""
    query_id: str = ""


class Scheduler(Keeper, Protocol):
    """Who runs jobs in the customer's account: EventBridge Scheduler, Snowflake's tasks."""

    def job(self, job: Job) -> SavedObject:
        """Return a job as it is to be kept; WarehouseError when it is more than the scheduler takes."""

    def is_on(self, kept: Kept) -> bool:
        """Say whether one of ours is switched on."""

    def when(self, kept: Kept) -> str:
        """Return when one of ours runs, in the scheduler's words."""

    def was_due(self, kept: Kept, now: datetime) -> bool:
        """Say whether one of ours that is on ought to have run by now (UTC); False where a run that could not start is a past run all the same."""

    def past(self, kept: Sequence[Kept]) -> Mapping[str, Sequence[PastRun]]:
        """Return the last runs of ours by name, the newest first; WarehouseError when they cannot be asked for."""
