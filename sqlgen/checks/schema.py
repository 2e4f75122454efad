"""Names against the schema: columns, fields of structures, names that fold differently, sums of texts.

Relations are followed from the log's table through CTEs and derived tables. Whatever is not known (another table, a table
function, the inside of a JSON document) may have any column: only what is surely wrong is a finding.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sqlglot import exp

from sqlgen.checks.finding import Finding, shown
from sqlgen.checks.relations import OPEN, TEXT, Frame, Relation, Type, fields_of, read_type, resolve, static_type
from sqlgen.checks.subject import Subject
from sqlgen.checks.traits import folded

Ctes = Mapping[str, Relation]
SUMS = (exp.Sum, exp.Avg)
SAME_TYPE: tuple[type[exp.Expr], ...] = (
    *(exp.Paren, exp.Alias, exp.Max, exp.Min, exp.ArgMax, exp.ArgMin, exp.AnyValue, exp.Nullif, exp.Coalesce),
    *(exp.Window, exp.Filter, exp.Lag, exp.Lead, exp.FirstValue, exp.LastValue, exp.IgnoreNulls, exp.Ordered),
)
"""What has the type of its first argument."""
PSEUDO_COLUMNS = frozenset({"rowid", "filename", "file_row_number"})
TIME_UNITS = frozenset(
    ("YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "HOUR", "MINUTE", "SECOND", "MILLISECOND", "MICROSECOND", "NANOSECOND")
)


def wrong_names(subject: Subject) -> list[Finding]:
    """Return findings for names that nothing read has, and for sums of texts."""
    reader = _Reader(subject)
    reader.query(subject.tree, {}, [])
    return reader.findings


class _Reader:
    """One reading of a statement, innermost relations first; findings in the order of the reading."""

    def __init__(self, subject: Subject) -> None:
        self.subject, self.traits = subject, subject.traits
        self.findings: list[Finding] = []
        self.tables = {
            table.lower(): Relation(
                {
                    folded(exp.to_identifier(name, quoted=False), self.traits): read_type(kind, subject.dialect.sqlglot)
                    for name, kind in columns.items()
                }
            )
            for table, columns in subject.schema.items()
        }

    def query(self, node: exp.Expr, ctes: Ctes, outer: Sequence[Frame]) -> Relation:
        """Read a query and return what it yields."""
        ctes = self._with(node, ctes, outer)
        if isinstance(node, exp.Subquery):
            return self._named(node, self.query(node.this, ctes, outer))
        if isinstance(node, exp.SetOperation):
            left = self.query(node.this, ctes, outer)
            self.query(node.expression, ctes, outer)
            self._order_of_union(node, left, ctes, outer)
            return OPEN if node.args.get("by_name") else left  # the names are those of the first branch
        if isinstance(node, exp.Select):
            return self._select(node, ctes, outer)
        self._visit(node, ctes, [Frame({"": OPEN}), *outer])
        return OPEN

    def _with(self, node: exp.Expr, ctes: Ctes, outer: Sequence[Frame]) -> Ctes:
        clause = node.args.get("with_")
        if clause is None:
            return ctes
        known = dict(ctes)
        for item in clause.expressions:
            alias = item.args["alias"]
            name, columns = folded(alias.this, self.traits), self._columns(alias)
            if clause.args.get("recursive") or self.subject.traits.plain_recursion:
                inside = {**known, name: OPEN.renamed(columns)} if _names_itself(item) else known
            else:
                inside = known
            known[name] = self.query(item.this, inside, outer).renamed(columns)
        return known

    def _order_of_union(self, node: exp.SetOperation, left: Relation, ctes: Ctes, outer: Sequence[Frame]) -> None:
        order = node.args.get("order")
        if order is not None:
            self._visit(order, ctes, [Frame({"": left}), *outer])

    def _select(self, node: exp.Select, ctes: Ctes, outer: Sequence[Frame]) -> Relation:
        frame = Frame(sees_aliases=self.traits.lateral_aliases)
        frames = [frame, *outer]
        joins = node.args.get("joins") or []
        from_ = node.args.get("from_")
        for source in [
            *([from_.this] if from_ else []),
            *(join.this for join in joins),
            *(node.args.get("laterals") or []),
        ]:
            self._source(source, ctes, frame, outer)
        for projection in node.expressions:
            if isinstance(projection, exp.Alias):
                frame.aliases[folded(projection.args["alias"], self.traits)] = self._type(projection.this, frames)
        for key, value in node.args.items():
            if key in ("with_", "from_", "laterals") or not value:
                continue
            if key == "joins":
                for join in joins:
                    self._visit_all([join.args.get("on")], ctes, frames)
                continue
            frame.sees_aliases = self.traits.lateral_aliases or key in ("order", "sort")
            self._visit_all(value if isinstance(value, list) else [value], ctes, frames)
        return self._projected(node, frame, frames)

    def _source(self, node: exp.Expr, ctes: Ctes, frame: Frame, outer: Sequence[Frame]) -> None:
        name = node.alias_or_name
        alias = node.args.get("alias")
        identifier = alias.this if alias is not None and alias.this else node.this
        if isinstance(node, exp.Table):
            relation = self._table(node, ctes, [frame, *outer])
        elif isinstance(node, exp.Subquery):
            relation = self.query(node, ctes, [frame, *outer] if frame.sources else outer)
        elif isinstance(node, exp.Lateral) and isinstance(node.this, exp.Subquery):
            relation = self._named(node, self.query(node.this, ctes, [frame, *outer]))
        else:  # UNNEST, FLATTEN, VALUES, a table function: known by its column list alone
            self._visit_all([node.this, *node.expressions], ctes, [frame, *outer])
            relation = self._listed(node)
        if node.args.get("pivots") or node.args.get("match_recognize"):
            relation = OPEN
        key = folded(identifier, self.traits) if isinstance(identifier, exp.Identifier) else name
        frame.sources[key or f"({len(frame.sources)})"] = relation
        for join in node.args.get("joins") or []:
            self._source(join.this, ctes, frame, outer)
            self._visit_all([join.args.get("on")], ctes, [frame, *outer])

    def _table(self, node: exp.Table, ctes: Ctes, frames: Sequence[Frame]) -> Relation:
        if not isinstance(node.this, exp.Identifier):
            self._visit_all(node.this.expressions if node.this else [], ctes, frames)
            return self._listed(node)
        name = folded(node.this, self.traits)
        if not node.args.get("db"):
            if name in ctes:
                return self._named(node, ctes[name])
            twin = next((other for other in ctes if other.lower() == name.lower()), None)
            if twin:
                self._report("quoted-name", f"{name} is not {twin}: the two fold differently; write both alike", node)
                return OPEN
        return self._named(node, self.tables.get(node.name.lower(), OPEN))

    def _named(self, node: exp.Expr, relation: Relation) -> Relation:
        alias = node.args.get("alias")
        return relation if alias is None else relation.renamed(self._columns(alias))

    def _listed(self, node: exp.Expr) -> Relation:
        alias = node.args.get("alias")
        columns = [] if alias is None else self._columns(alias)
        offset = node.args.get("offset")
        if isinstance(offset, exp.Identifier):
            columns.append(folded(offset, self.traits))
        return OPEN.renamed(columns)

    def _columns(self, alias: exp.Expr) -> list[str]:
        return [
            folded(getattr(column, "this", None) if isinstance(column, exp.ColumnDef) else column, self.traits)
            for column in alias.args.get("columns") or []
        ]

    def _projected(self, node: exp.Select, frame: Frame, frames: Sequence[Frame]) -> Relation:
        columns: dict[str, Type] = {}
        is_open = bool(node.args.get("kind")) or bool(node.args.get("operation_modifiers"))
        for item in node.expressions:
            star = item if isinstance(item, exp.Star) else item.this if isinstance(item, exp.Column) else None
            if isinstance(star, exp.Star):
                starred = self._starred(item, star, frame, frames)
                columns.update(starred.columns)
                is_open |= starred.is_open
            elif isinstance(item, exp.Alias):
                name = folded(item.args["alias"], self.traits)
                columns[name] = frame.aliases.get(name)
            elif isinstance(item, (exp.Column, exp.Dot)) and isinstance(_last(item), exp.Identifier):
                columns[folded(_last(item), self.traits)] = self._type(item, frames)
            else:
                is_open = True
        return Relation(columns, is_open)

    def _starred(self, item: exp.Expr, star: exp.Star, frame: Frame, frames: Sequence[Frame]) -> Relation:
        if isinstance(item, exp.Column):
            table = folded(item.args.get("table"), self.traits)
            sources = [frame.sources.get(table, OPEN)]
        else:
            sources = list(frame.sources.values())
        without = {folded(part, self.traits) for part in star.args.get("except_") or [] if isinstance(part, exp.Expr)}
        columns = {name: kind for source in sources for name, kind in source.columns.items() if name not in without}
        changed = any(star.args.get(key) for key in ("replace", "rename", "ilike"))
        return Relation(columns, changed or any(source.is_open for source in sources))

    def _visit_all(self, nodes: Sequence[exp.Expr | None], ctes: Ctes, frames: Sequence[Frame]) -> None:
        for node in nodes:
            if isinstance(node, exp.Expr):
                self._visit(node, ctes, frames)

    def _visit(self, node: exp.Expr, ctes: Ctes, frames: Sequence[Frame]) -> None:
        """Check every name below `node`; queries inside it are read with `frames` around them."""
        if isinstance(node, exp.Query):
            self.query(node, ctes, frames)
            return
        parts = _name_parts(node)
        if parts is not None:
            self._check_name(parts, node, frames)
            return
        if isinstance(node, exp.Lambda):
            names = {
                folded(part if isinstance(part, exp.Identifier) else part.this, self.traits): None
                for part in node.expressions
                if isinstance(part, exp.Expr)
            }
            frames = [Frame({"": Relation(names)}), *frames]
        elif isinstance(node, SUMS) and _is_text(self._type(_summed(node), frames)):
            self._report("sum-of-text", f"{shown(node.sql())} adds texts: cast to a number, or COUNT", node)
        skipped = "this" if isinstance(node, (exp.Kwarg, exp.PropertyEQ)) else None
        for key, value in node.args.items():
            if key != skipped:
                self._visit_all(value if isinstance(value, list) else [value], ctes, frames)

    def _check_name(self, parts: Sequence[exp.Expr], node: exp.Expr, frames: Sequence[Frame]) -> None:
        first = parts[0]
        if isinstance(parts[-1], exp.Star) or "$" in first.name or first.name.lower() in PSEUDO_COLUMNS:
            return
        if len(parts) == 1 and first.name.upper() in TIME_UNITS and isinstance(node.parent, exp.Func):
            return
        found = resolve(parts, frames, self.traits)
        if found.rule is not None:
            hint = {
                "unknown-column": "correct the name, or add it to the CTE before",
                "unknown-field": "correct the name",
            }
            advice = hint.get(found.rule)
            self._report(found.rule, found.message + (f": {advice}" if advice else ""), first)

    def _type(self, node: exp.Expr | None, frames: Sequence[Frame]) -> Type:
        """Return the type of an expression where it is known for sure."""
        if node is None:
            return None
        parts = _name_parts(node)
        if parts is not None:
            return None if isinstance(parts[-1], exp.Star) else resolve(parts, frames, self.traits).type
        if isinstance(node, exp.Cast):
            return node.to
        if isinstance(node, exp.Literal):
            return exp.DataType.build("VARCHAR") if node.is_string else None
        if isinstance(node, exp.Dot) and isinstance(node.expression, exp.Identifier):
            return fields_of(self._type(node.this, frames), "", [node.expression]).type
        if isinstance(node, SAME_TYPE):
            return self._type(node.this, frames)
        if isinstance(node, exp.DPipe):
            return exp.DataType.build("VARCHAR") if _is_text(self._type(node.this, frames)) else None
        return static_type(node, self.subject.dialect.sqlglot)

    def _report(self, rule: str, message: str, at: exp.Expr) -> None:
        self.findings.append(self.subject.finding(rule, message, at))


def _names_itself(item: exp.CTE) -> bool:
    return any(table.name.lower() == item.alias.lower() for table in item.this.find_all(exp.Table))


def _is_text(kind: Type) -> bool:
    return kind is not None and kind.this in TEXT


def _summed(node: exp.Expr) -> exp.Expr:
    inner: exp.Expr = node.this
    while isinstance(inner, exp.Distinct) and inner.expressions:
        inner = inner.expressions[0]
    return inner


def _last(node: exp.Expr) -> exp.Expr:
    last: exp.Expr = node.expression if isinstance(node, exp.Dot) else node.this
    return last


def _name_parts(node: exp.Expr) -> list[exp.Expr] | None:
    """Return the parts of a dotted name (a column, or a column and fields after it), None for anything else."""
    fields: list[exp.Expr] = []
    while isinstance(node, exp.Dot) and isinstance(node.expression, (exp.Identifier, exp.Star)):
        fields.insert(0, node.expression)
        node = node.this
    if isinstance(node, exp.Column):
        return [*_column_parts(node), *fields]
    return [node, *fields] if fields and isinstance(node, exp.Identifier) else None


def _column_parts(column: exp.Column) -> Iterator[exp.Expr]:
    return (part for key in ("catalog", "db", "table", "this") if (part := column.args.get(key)) is not None)
