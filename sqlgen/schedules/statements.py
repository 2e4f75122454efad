"""The statements of a schedule: tables, views, and the MERGE that fills a table with a span of the log.

A MERGE is put together from three kinds of text: what `render` made, names of our own, and expressions that sqlglot wrote. It begins with a
line that tells in the warehouse's history whose it is: `-- sqlgen chain_events recent [sqlgen 0.1.0 0123456789abcdef]`. What Athena's other
parsers read has no such line: they take none before VACUUM, OPTIMIZE, ALTER and DROP, and before CREATE TABLE it may hide all that follows
(https://github.com/dbt-labs/dbt-athena/issues/54, https://github.com/aws/aws-cdk/issues/21416).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from importlib.metadata import version
from textwrap import indent

import sqlglot
from sqlglot import exp

from sqlgen.dialects import Dialect, load_dialect
from sqlgen.errors import UsageError
from sqlgen.native import fill, native_folder
from sqlgen.profiles import Profile
from sqlgen.renderer import render
from sqlgen.resources import read_sql
from sqlgen.schedules.objects import DAY, DONE_COLUMNS, DONE_DAYS, Columns, KeptTable, KeptView
from sqlgen.schedules.runs import Span, day_span
from sqlgen.tree import literal, lower, table_node, word
from sqlgen.values import Moment
from sqlgen.vocabulary import load_snippets

FOLDER = "schedule"
TIDY = "schedule/tidy"
STORE = "store"
SOME_DAY = date(2000, 1, 1)


@dataclass(frozen=True)
class Statement:
    """One statement of ours. `title` is what it is for, `sql` the text without the line that tells so."""

    title: str
    sql: str

    @property
    def content_hash(self) -> str:
        """The first 16 hexadecimal digits of the SHA-256 of the text."""
        return hashlib.sha256(self.sql.encode()).hexdigest()[:16]

    @property
    def text(self) -> str:
        """The text, a MERGE's and a view's with the line before it."""
        if not self.sql.startswith(("MERGE ", "CREATE OR REPLACE VIEW ")):
            return self.sql
        return f"-- sqlgen {self.title} [sqlgen {version('cloudtrail-sqlgen')} {self.content_hash}]\n{self.sql}"


class Statements:
    """The statements of one profile: over its log, in its home, in its engine's SQL."""

    def __init__(self, profile: Profile) -> None:
        """Take the profile; UsageError where it does not say what its tables need."""
        self.profile = profile
        self.engine: Dialect = load_dialect(profile.dialect)
        self._hashes: dict[str, str] = {}
        self._location = str(profile.connection.get("home_location") or "").rstrip("/")
        head, _ = read_sql(native_folder(profile.dialect, FOLDER) / "table.sql")
        self._writes, self._types = str(head["writes"]), head["types"]
        self._compared, self._put = head.get("compared", {}), head.get("put", {})

    def place(self, name: str) -> exp.Table:
        """Return the full name of an object of ours: in the profile's home, else beside the log."""
        home = table_node(self.profile.home).parts if self.profile.home else table_node(self.profile.table).parts[:-1]
        parts = [*home, exp.to_identifier(name)]
        return exp.Table(**dict(zip(("this", "db", "catalog"), reversed(parts), strict=False)))

    def name(self, name: str) -> str:
        """Return the full name of an object of ours, as a profile says it (`edges`)."""
        return self.place(name).sql(dialect="trino")

    def table(self, table: KeptTable) -> Statement:
        """Return what makes a table where there is none."""
        return self._table(table.name, table.columns, table.partition)

    def done_days(self) -> Statement:
        """Return what makes the table of the days that are done."""
        return self._table(DONE_DAYS, DONE_COLUMNS, "")

    def missing_columns(self, table: KeptTable, names: Sequence[str]) -> Sequence[Statement]:
        """Return what adds columns to a table that an earlier version made."""
        added = tuple((name, kind) for name, kind in table.columns if name in names)
        sql = self._fill("columns", {"table": self.name(table.name), "columns": self._typed(added)})
        return [Statement(f"{table.name} columns", part.strip() + "\n") for part in sql.split(";") if part.strip()]

    def view(self, view: KeptView) -> Statement:
        """Return what makes or replaces a view."""
        answer = render(view.query, dialect=self.engine.name, layout=STORE, table=self.name(view.over), markers=False)
        # in Snowflake a view that is replaced loses the rights that others have on it
        kept = " COPY GRANTS" if self.engine.name == "snowflake" else ""
        return Statement(f"{view.name} view", f"CREATE OR REPLACE VIEW {self._sql(view.name)}{kept} AS\n{answer.sql}")

    def drop_view(self, view: KeptView) -> Statement:
        """Return what drops a view."""
        return Statement(f"{view.name} view", f"DROP VIEW IF EXISTS {self._sql(view.name)}\n")

    def newest(self, table: KeptTable) -> str:
        """Return the query of the newest time in a table, and of its rows."""
        return f"SELECT MAX({table.newest}) AS newest, COUNT(*) AS row_count FROM {self._sql(table.name)}"

    def merge(self, table: KeptTable, span: Span, title: str, *, check: bool = True) -> Statement:
        """Return the MERGE that fills a table with a span of the log: what it lacks is inserted and, of a day, what differs is put right.

        `check`: whether the query is checked against the rules of its engine, which takes most of the time; CheckError where it breaks one.
        """
        names = [name for name, _ in table.columns]
        kept = "".join(f"\n  AND {test}" for test in self._reach(table, span))
        lines = [
            f"MERGE INTO {self._sql(table.name)} AS kept",
            f"USING (\n{indent(self._found(table, span, check), '  ')}\n) AS found",
            "ON " + "\n  AND ".join(map(_same, table.key)) + kept,
        ]
        if table.daily:
            others = [(name, kind) for name, kind in table.columns if name not in table.key]
            differs = "\n  OR ".join(
                f"{self._as(self._compared, f'kept.{name}', kind)} IS DISTINCT FROM {self._as(self._compared, f'found.{name}', kind)}"
                for name, kind in others
            )
            put = ",\n  ".join(f"{name} = {self._as(self._put, f'found.{name}', kind)}" for name, kind in others)
            lines.append(f"WHEN MATCHED AND (\n  {differs}\n) THEN UPDATE SET\n  {put}")
        values = ", ".join(f"found.{name}" for name in names)
        lines.append(f"WHEN NOT MATCHED THEN INSERT ({', '.join(names)})\nVALUES ({values})\n")
        return Statement(f"{table.name} {title}", "\n".join(lines))

    def tidying(self, name: str) -> Sequence[tuple[str, time, Statement]]:
        """Return what keeps a table from falling into ever more files, by name and time of the night (UTC): nothing where the engine sees to that."""
        found = []
        for path in sorted(native_folder(self.profile.dialect, TIDY).glob("*.sql")):
            sql = fill(self.profile.dialect, TIDY, path.stem, "trino", {"table": self.name(name)})
            found.append((path.stem, read_sql(path)[0]["at"], Statement(f"{name} {path.stem}", sql)))
        return found

    def merge_day(self, table: KeptTable, day: date) -> Statement:
        """Return the MERGE that fills one UTC day; `day_hash` has checked its like."""
        return self.merge(table, day_span(table, day), f"day {day}", check=False)

    def day_hash(self, table: KeptTable) -> str:
        """Return what tells whether a day was filled by the same text, whichever day it was."""
        if table.name not in self._hashes:
            self._hashes[table.name] = self.merge(table, day_span(table, SOME_DAY), "").content_hash
        return self._hashes[table.name]

    def mark_day(self, table: KeptTable, day: date) -> Statement:
        """Return what notes that a day is done."""
        values = {
            "table_name": exp.Literal.string(table.name),
            DAY: exp.cast(exp.Literal.string(day.isoformat()), "DATE"),
            "content_hash": exp.Literal.string(self.day_hash(table)),
            "done_at": exp.cast(word("present_time"), "TIMESTAMP"),
        }
        found = ", ".join(f"{self._expression(value)} AS {name}" for name, value in values.items())
        names = ", ".join(values)
        sql = (
            f"MERGE INTO {self._sql(DONE_DAYS)} AS kept\nUSING (SELECT {found}) AS found\n"
            f"ON kept.table_name = found.table_name AND kept.{DAY} = found.{DAY}\n"
            "WHEN MATCHED THEN UPDATE SET content_hash = found.content_hash, done_at = found.done_at\n"
            f"WHEN NOT MATCHED THEN INSERT ({names})\nVALUES ({', '.join(f'found.{name}' for name in values)})\n"
        )
        return Statement(f"{DONE_DAYS} {table.name} {day}", sql)

    def marked_days(self, table: KeptTable) -> str:
        """Return the query of the days that are done, by the text that would do them now."""
        conditions = {"table_name": table.name, "content_hash": self.day_hash(table)}
        tests = " AND ".join(
            f"{name} = {exp.Literal.string(value).sql(dialect=self.engine.sqlglot)}"
            for name, value in conditions.items()
        )
        moment = exp.cast(exp.column(DAY), "TIMESTAMP")
        day = self._expression(word("day_text", moment, exp.Literal.string("-")))
        return f"SELECT DISTINCT {day} AS done_day FROM {self._sql(DONE_DAYS)} WHERE {tests}"

    def _table(self, name: str, columns: Columns, partition: str) -> Statement:
        if self.profile.dialect == "athena" and not self._location:
            raise UsageError(
                f"profile {self.profile.name}: set connection.home_location to s3://bucket/prefix, where scheduled tables are to lie"
            )
        values = {
            "table": self.name(name),
            "columns": self._typed(columns),
            "partition": partition,
            "location": f"{self._location}/{name}/",
        }
        return Statement(f"{name} table", self._fill("table", values))

    def _as(self, spellings: Mapping[str, str], column: str, kind: str) -> str:
        """Return a column as its kind is spelled in a MERGE, where the engine needs more than its name."""
        spelling = spellings.get(kind)
        if spelling is None:
            return column
        node = sqlglot.parse_one(spelling, read=self.engine.sqlglot)
        return exp.replace_placeholders(node, column=exp.to_column(column)).sql(dialect=self.engine.sqlglot)

    def _fill(self, template: str, values: Mapping[str, object]) -> str:
        return fill(self.profile.dialect, FOLDER, template, self._writes, values)

    def _typed(self, columns: Columns) -> list[tuple[str, str]]:
        return [(name, self._types[kind]) for name, kind in columns]

    def _found(self, table: KeptTable, span: Span, check: bool) -> str:
        """Return the query's answer over a span, a day's with its day."""
        start, end = span.start, span.end
        answer = render(
            table.query,
            dialect=self.engine.name,
            layout=self.profile.layout,
            table=self.profile.table,
            window_from=start if isinstance(start, datetime) else None,
            window_to=end if isinstance(end, datetime) else None,
            moving=(start, end) if isinstance(start, Moment) and isinstance(end, Moment) else None,
            look_back_hours=span.look_back_hours,
            partitions=self.profile.partitions,
            markers=False,
            check=check,
        )
        names = [f"answer.{column.name}" for column in answer.columns]
        if table.daily:
            names.insert(0, f"{self._day(span)} AS {DAY}")
        of = f"SELECT {', '.join(names)}\nFROM (\n{indent(answer.sql.rstrip(), '  ')}\n) AS answer"
        return of if table.daily else f"{of}\nWHERE answer.{table.key[0]} IS NOT NULL"

    def _reach(self, table: KeptTable, span: Span) -> list[str]:
        """Return what keeps the MERGE from reading more of the table than the span can touch."""
        if table.daily:
            return [f"kept.{DAY} = {self._day(span)}"]
        first = literal(span.start, -(span.look_back_hours or 0) * 3600)
        return [
            f"kept.{table.newest} >= {self._expression(first)}",
            f"kept.{table.newest} < {self._expression(literal(span.end))}",
        ]

    def _day(self, span: Span) -> str:
        return self._expression(exp.cast(literal(span.start), "DATE"))

    def _sql(self, name: str) -> str:
        return self.place(name).sql(dialect=self.engine.sqlglot)

    def _expression(self, node: exp.Expr) -> str:
        """Return an expression in the engine's SQL."""
        select = exp.select(node)
        lower(select, load_snippets(self.engine), self.engine)
        return str(select.expressions[0].sql(dialect=self.engine.sqlglot))


def _same(name: str) -> str:
    """Return the test that a column of the key is the same; null is a value of the key too, and engines join by equality."""
    if name in ("event_source", "event_name"):
        return f"COALESCE(kept.{name}, '') = COALESCE(found.{name}, '')"
    return f"kept.{name} = found.{name}"
