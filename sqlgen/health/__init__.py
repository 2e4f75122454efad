"""Whether a profile is right: connection, table, layout, rights, a live row, partitions, and what is kept beside the log."""

from __future__ import annotations

from sqlgen.health.examine import CHEAP, examine
from sqlgen.health.verdict import Verdict

__all__ = ["CHEAP", "Verdict", "examine"]
