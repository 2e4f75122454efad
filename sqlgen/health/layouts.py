"""Whether the profile's layout fits the table, which one does, and what the questions lose by what the table has no column for."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from sqlgen.dialects import load_dialect
from sqlgen.fit import Fit, feeds, layout_fits, users
from sqlgen.health.verdict import Verdict, failed, ok
from sqlgen.profiles import Profile
from sqlgen.resources import data_root, read_toml
from sqlgen.warehouses.base import TableColumn

MOST_NAMES = 6
FOREIGN = 0.5
"""A table that lacks more than this share of what every layout reads holds something else than CloudTrail."""


def layout_verdict(profile: Profile, columns: Sequence[TableColumn]) -> tuple[Verdict, str | None]:
    """Return the verdict, and the layout that the table can be read in: the profile's if it fits, else the best; None where none fits."""
    fits = layout_fits(profile.dialect, columns)
    best, name = fits[0], profile.layout or load_dialect(profile.dialect).default_layout
    chosen = next((fit for fit in fits if fit.layout == name), None)
    if chosen is not None and chosen.fits:
        better = best.layout != name and len(best.reads) > len(chosen.reads)
        advice = [f"{best.layout} fits too and reads more: layout = {json.dumps(best.layout)}"] if better else []
        return ok("layout", name, *advice, *losses(profile.dialect, chosen, fits)), name
    wrong = f"{name}: {_wrong(chosen)}" if chosen is not None else f"there is no layout {name}"
    if best.fits:
        do = f"say layout = {json.dumps(best.layout)} in the profile"
        return failed(
            "layout", f"{best.layout} fits, not {wrong}", do, *losses(profile.dialect, best, fits)
        ), best.layout
    if len(best.lacking) > FOREIGN * len(best.reads):
        says = f"no layout of {profile.dialect} fits, the nearest {best.layout}: {_wrong(best)}"
        return failed(
            "layout", says, "name the table that holds CloudTrail: `sqlgen init` shows which tables look like it"
        ), None
    do = "make a table that has them (`sqlgen ddl`, over the same files), or a view"
    return failed("layout", f"{best.layout} comes nearest: {_wrong(best)}", do, *_costs(profile.dialect, best)), None


def losses(dialect: str, fit: Fit, fits: Sequence[Fit]) -> Iterator[str]:
    """Yield what a table read in a layout that fits cannot say, a sentence for each column of events that stays empty."""
    fuller = [
        other
        for other in fits
        if len(other.reads) > len(fit.reads) and len(other.lacking) <= FOREIGN * len(other.reads)
    ]
    for column, paths in feeds(dialect, fit.layout).items():
        if paths:
            continue
        wants = [path for other in fuller for path in feeds(dialect, other.layout)[column] if path in other.lacking]
        subject = f"{_listed(sorted(set(wants)))} is missing" if wants else f"there is no column for {column}"
        if sentence := _sentence(dialect, subject, column):
            yield sentence


def _costs(dialect: str, fit: Fit) -> Iterator[str]:
    """Yield which questions cannot be asked for each column that a layout lacks."""
    engine = load_dialect(dialect)
    for path in fit.lacking:
        fed = [column for column, paths in feeds(dialect, fit.layout).items() if path in paths]
        asked = sorted({query for column in fed for query in users(engine)[column]})
        if asked:
            yield f"without {path} these questions fail: {', '.join(asked)}"


def _sentence(dialect: str, subject: str, column: str) -> str:
    """Return what the absence of a column of events costs; nothing where no question reads it."""
    asked = users(load_dialect(dialect))[column]
    cost = _absent().get(column, f"{column} is empty")
    return f"{subject}: {cost} ({', '.join(asked)})" if asked else ""


def _wrong(fit: Fit) -> str:
    lacks = f"the table lacks {_listed(fit.lacking)}" if fit.lacking else ""
    return "; ".join(part for part in (lacks, *fit.mistyped) if part)


def _listed(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


@cache
def _absent() -> Mapping[str, str]:
    content: Mapping[str, Mapping[str, str]] = read_toml(data_root() / "dialects" / "events.toml")
    return content["absent"]
