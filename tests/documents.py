"""The documents of a schedule that the tests pin, each statement in them cut to the lines that say what it is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlgen.partitions import parse_partition
from sqlgen.profiles import Profile
from sqlgen.schedules.documents import emit
from sqlgen.schedules.objects import choose
from sqlgen.schedules.runs import Rhythm
from sqlgen.schedules.statements import Statements

GOLDEN = Path(__file__).parent / "golden" / "schedule"
ATHENA = Profile(
    "lab",
    "athena",
    "logs.cloudtrail",
    partitions=(parse_partition("timestamp=yyyy/MM/dd"),),
    connection={"home_location": "s3://lake/kept", "output_location": "s3://answers/here"},
)


def document(form: str, profile: Profile, objects: list[str] | None = None) -> str:
    """Return the schedule of a profile as a document."""
    return emit(form, Statements(profile), choose(objects or []), Rhythm()).text


def golden_documents() -> Iterator[tuple[Path, str]]:
    """Yield each pinned document: its file and its text."""
    for form in ("cloudformation", "terraform"):
        told = _cut(json.loads(document(form, ATHENA, ["issuances"])))
        yield GOLDEN / f"{form}.json", json.dumps(told, indent=1) + "\n"


def _cut(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _cut(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_cut(item) for item in value]
    if isinstance(value, str) and '"QueryString": ' in value:
        request = json.loads(value)
        request["QueryString"] = "\n".join(request["QueryString"].splitlines()[:2]) + " ..."
        value = json.dumps(request)
    return re.sub(r"\[sqlgen \S+ [0-9a-f]{16}\]", "[sqlgen]", value) if isinstance(value, str) else value
