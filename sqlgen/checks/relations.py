"""Relations as the schema check sees them: names of columns and what is known of their types."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect as SqlglotDialect
from sqlglot.errors import SqlglotError

from sqlgen.checks.traits import Traits, folded

Type = exp.DataType | None
TEXT = exp.DataType.TEXT_TYPES
SCALAR = TEXT | exp.DataType.NUMERIC_TYPES | exp.DataType.TEMPORAL_TYPES | {exp.DataType.Type.BOOLEAN}


@dataclass(frozen=True)
class Relation:
    """Columns by folded name, with their types where known. `is_open`: it may have columns that are not known."""

    columns: Mapping[str, Type] = field(default_factory=dict)
    is_open: bool = False

    def renamed(self, names: Sequence[str]) -> Relation:
        """Return the relation under a column list, which keeps types where every column is known."""
        if not names:
            return self
        types = list(self.columns.values()) if not self.is_open else []
        return Relation({name: types[place] if place < len(types) else None for place, name in enumerate(names)})


OPEN = Relation(is_open=True)


@dataclass
class Frame:
    """What a name may mean inside one SELECT: its sources by folded alias, the names that its own columns get, lambda parameters."""

    sources: dict[str, Relation] = field(default_factory=dict)
    aliases: dict[str, Type] = field(default_factory=dict)
    sees_aliases: bool = False


@dataclass(frozen=True)
class Resolved:
    """What a name was found to be: its type if known, or the rule that it breaks and why."""

    type: Type = None
    rule: str | None = None
    message: str = ""


def read_type(text: str, dialect: str) -> Type:
    """Return a type as the engine (or Hive, whose words Athena's DDL uses) writes it; None when it cannot be read."""
    for reading in (dialect, "hive"):
        try:
            return exp.DataType.build(text, dialect=reading)
        except (SqlglotError, ValueError):
            continue
    return None


def resolve(parts: Sequence[exp.Expr], frames: Sequence[Frame], traits: Traits) -> Resolved:
    """Return what a dotted name means in the innermost of `frames` that knows it: `[source.]column[.field ...]`."""
    names = [folded(part, traits) for part in parts]
    for frame in frames:
        found = _in_frame(parts, names, frame, traits)
        if found is not None:
            return found
    text = ".".join(part.name for part in parts[:2])
    twin = next((twin for frame in frames for twin in _twins(names[0], frame)), None)
    if twin:
        return _folds(names[0], twin)
    return Resolved(None, "unknown-column", f"{text} is no column of what is read here")


def _in_frame(parts: Sequence[exp.Expr], names: Sequence[str], frame: Frame, traits: Traits) -> Resolved | None:
    for skipped in range(min(len(names) - 1, 3)):  # table.column, database.table.column, ...
        relation = frame.sources.get(names[skipped])
        if relation is not None and (skipped == 0 or names[0] not in _all_columns(frame)):
            return _in_relation(parts[skipped:], names[skipped:], relation, traits)
    for relation in frame.sources.values():
        if names[0] in relation.columns:
            return fields_of(relation.columns[names[0]], parts[0].name, parts[1:])
    if any(relation.is_open for relation in frame.sources.values()):
        return Resolved()
    if frame.sees_aliases and names[0] in frame.aliases:
        return fields_of(frame.aliases[names[0]], parts[0].name, parts[1:])
    return None


def _in_relation(parts: Sequence[exp.Expr], names: Sequence[str], relation: Relation, traits: Traits) -> Resolved:
    if names[1] in relation.columns:
        return fields_of(relation.columns[names[1]], parts[1].name, parts[2:])
    if relation.is_open:
        return Resolved()
    twin = next((name for name in relation.columns if name.lower() == names[1].lower()), None)
    if twin:
        return _folds(names[1], twin)
    return Resolved(None, "unknown-column", f"{parts[0].name} has no column {parts[1].name}")


def _folds(name: str, twin: str) -> Resolved:
    message = f"{name} is not {twin}: unquoted names become upper case and quoted ones keep theirs; write both alike"
    return Resolved(None, "quoted-name", message)


def _all_columns(frame: Frame) -> set[str]:
    return {name for relation in frame.sources.values() for name in relation.columns}


def _twins(name: str, frame: Frame) -> Iterator[str]:
    known = {*_all_columns(frame), *frame.sources, *(frame.aliases if frame.sees_aliases else ())}
    return (other for other in known if other.lower() == name.lower())


def fields_of(kind: Type, name: str, fields: Sequence[exp.Expr]) -> Resolved:
    """Return the type of `name.field...`, or what is wrong: a field that the structure does not have."""
    for part in fields:
        if kind is None:
            return Resolved()
        if kind.this in SCALAR:
            message = f"{name} is {kind.this.value} and has no field {part.name}"
            return Resolved(None, "unknown-field", message)
        members = [item for item in kind.expressions if isinstance(item, exp.ColumnDef)]
        if not members:
            return Resolved()
        member = next((item for item in members if item.name.lower() == part.name.lower()), None)
        if member is None:
            has = ", ".join(item.name for item in members[:12]) + (", ..." if len(members) > 12 else "")
            return Resolved(None, "unknown-field", f"{name} has no field {part.name}; it has {has}")
        kind, name = member.args.get("kind"), f"{name}.{part.name}"
    return Resolved(kind)


def static_type(node: exp.Expr, dialect: str) -> Type:
    """Return the type that a function always returns, after sqlglot's table for the dialect."""
    metadata = SqlglotDialect.get_or_raise(dialect).EXPRESSION_METADATA.get(type(node), {})
    returns = metadata.get("returns")
    return exp.DataType.build(returns) if isinstance(returns, exp.DataType.Type) else None
