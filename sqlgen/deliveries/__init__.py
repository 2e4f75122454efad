"""CloudTrail delivery files, read into the embedded engine: whatever their shape, and whatever is broken in them."""

from sqlgen.deliveries.columns import COLUMNS
from sqlgen.deliveries.find import find_deliveries
from sqlgen.deliveries.load import TABLE, load
from sqlgen.deliveries.problems import FileReport, Problem
from sqlgen.deliveries.read import read_records
from sqlgen.deliveries.spool import Progress, SpoolReport, spool

__all__ = [
    "COLUMNS",
    "TABLE",
    "FileReport",
    "Problem",
    "Progress",
    "SpoolReport",
    "find_deliveries",
    "load",
    "read_records",
    "spool",
]
