"""Athena's statements as Trino takes them: one catalog of databases becomes two, and Iceberg's properties are spelled differently."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlglot import tokenize
from sqlglot.tokenizer_core import Token, TokenType

from tests.engines.athena_iceberg import IcebergError, for_trino

if TYPE_CHECKING:
    from tests.engines.trino_server import TrinoServer

CATALOG = "awsdatacatalog"
BEFORE_A_TABLE = {"FROM", "JOIN", "INTO", "TABLE", "VIEW", "UPDATE", "USING", "DESCRIBE", "EXISTS"}
ICEBERG_ONLY = ("table_type", "is_external", "location", "write_compression", "external_location", "bucketed_by")
# https://github.com/dbt-labs/dbt-athena/issues/54; before CREATE TABLE Athena may take the rest for the comment's
NO_COMMENT_BEFORE = re.compile(r"(VACUUM|OPTIMIZE|ALTER|DROP|MSCK|CREATE\s+(EXTERNAL\s+)?TABLE)\b", re.IGNORECASE)
UTILITIES = ("SHOW", "DESCRIBE", "DESC", "EXPLAIN")
UPDATES = {
    "INSERT": "INSERT",
    "MERGE": "MERGE",
    "UPDATE": "UPDATE",
    "DELETE": "DELETE",
    "CREATE TABLE": "CREATE_TABLE_AS_SELECT",
}


class StatementError(Exception):
    """A statement that Athena refuses; the text is its reason."""


@dataclass
class Names:
    """Where the tables of Athena's one catalog lie: in Trino's `hive`, those of Iceberg in `iceberg`.

    `databases`: databases that lie in another catalog whole.
    """

    server: TrinoServer | None = None
    databases: Mapping[str, str] = field(default_factory=dict)
    _icebergs: frozenset[tuple[str, str]] | None = None

    def forget(self) -> None:
        """Look again which tables are Iceberg's."""
        self._icebergs = None

    def catalog(self, database: str, table: str = "") -> str:
        """Return Trino's catalog of a table."""
        if self._icebergs is None:
            listed = "SELECT table_schema, table_name FROM iceberg.information_schema.tables"
            rows = self.server.rows(listed) if self.server else []
            self._icebergs = frozenset((schema, name) for schema, name in rows)
        return self.databases.get(database) or ("iceberg" if (database, table) in self._icebergs else "hive")


@dataclass(frozen=True)
class Statement:
    """A statement for Trino. `before` has to run first; `kind` is Athena's StatementType."""

    sql: str
    kind: str
    before: tuple[str, ...] = ()


def plain(token: Token) -> str:
    """Return a token's text as a name is compared: lower case."""
    return str(token.text).lower()


def chains(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    """Yield the names of tables: identifiers joined by dots, behind a word that a table follows."""
    at = 0
    while at < len(tokens) - 1:
        word, at = tokens[at], at + 1
        if word.token_type is TokenType.STRING or word.text.upper() not in BEFORE_A_TABLE:
            continue
        if at > 1 and tokens[at - 2].text.upper() == "DISTINCT":  # IS DISTINCT FROM
            continue
        if tokens[at].text.upper() in ("IF", "NOT") or not re.fullmatch(r"\w[\w$]*", tokens[at].text):
            continue
        chain = [tokens[at]]
        while at + 2 < len(tokens) and tokens[at + 1].text == ".":
            at += 2
            chain.append(tokens[at])
        yield chain


def with_names(tokens: Sequence[Token]) -> Iterator[Token]:
    """Yield the names that a WITH gives."""
    for name, word, opening in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if word.text.upper() == "AS" and opening.text == "(" and name.token_type is not TokenType.STRING:
            yield name


def spliced(sql: str, edits: Sequence[tuple[int, int, str]]) -> str:
    """Return a text with the ranges [start, end] replaced."""
    for start, end, text in sorted(edits, reverse=True):
        sql = sql[:start] + text + sql[end + 1 :]
    return sql


def renamed(sql: str, database: str, names: Names, made: str | None) -> str:
    """Return a text in which tables carry Trino's catalogs. `made`: the catalog of the table that the statement makes."""
    edits = []
    # behind a leading EXPLAIN sqlglot makes one token of the rest
    tokens = tokenize(re.sub(r"\AEXPLAIN\b", " " * 7, sql, flags=re.IGNORECASE), read="trino")
    own = {plain(token) for token in with_names(tokens)}
    for number, chain in enumerate(chains(tokens)):
        parts = [plain(token) for token in chain]
        if len(parts) == 3 and parts[0] != CATALOG:
            raise StatementError(f"CATALOG_NOT_FOUND: Catalog '{parts[0]}' does not exist")
        schema, table = ([database, *parts])[-2:]
        if len(parts) > 1 and schema == "information_schema":
            catalog = "hive"
        elif number == 0 and made:
            catalog = made
        else:
            catalog = names.catalog(schema, table)
        if len(parts) == 1 and (catalog == "hive" or parts[0] in own):
            continue  # the database of the context, or a name of the statement itself
        edits.append((chain[0].start, chain[-1].end, f'{catalog}."{schema}"."{table}"'))
    return spliced(sql, edits)


def with_properties(sql: str, iceberg: bool) -> str:
    """Return a CTAS whose properties are Trino's."""
    match = re.search(r"\bWITH\s*\(", sql, re.IGNORECASE)
    if match is None:
        return sql
    depth, end = 1, match.end()
    tokens = [token for token in tokenize(sql, read="trino") if token.start >= end]
    pairs: list[str] = []
    start = end
    for token in tokens:
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(token.text, 0) * (token.token_type is not TokenType.STRING)
        if depth == 0 or (depth == 1 and token.text == "," and token.token_type is not TokenType.STRING):
            pairs.append(sql[start : token.start].strip())
            start = token.end + 1
        if depth == 0:
            break
    given = {pair.partition("=")[0].strip().lower(): pair for pair in pairs}
    if iceberg and ("location" not in given or "false" not in given.get("is_external", "").lower()):
        raise StatementError("ICEBERG tables need the properties location and is_external = false")
    kept = [
        pair
        for name, pair in given.items()
        if name not in ICEBERG_ONLY and not name.startswith(("vacuum_", "optimize"))
    ]
    return sql[: match.start()] + (f"WITH ({', '.join(kept)})" if kept else "") + sql[start:]


def literal(text: str) -> str:
    """Return a text as Trino's literal."""
    return "'" + text.replace("'", "''") + "'"


def bound(sql: str, parameters: Sequence[str]) -> str:
    """Return a statement with its parameters, which are SQL themselves, as Athena takes them."""
    return f"EXECUTE IMMEDIATE {literal(sql)} USING {', '.join(parameters)}" if parameters else sql


def executed(sql: str, parameters: Sequence[str], prepared: Callable[[str], str]) -> tuple[str, list[str]]:
    """Return the statement that an EXECUTE names and its parameters; other statements as they are."""
    match = re.match(r'\s*EXECUTE\s+"?([\w@:]+)"?(?:\s+USING\s+(.*))?$', sql, re.IGNORECASE | re.DOTALL)
    if match is None or match[1].upper() == "IMMEDIATE":
        return sql, list(parameters)
    return prepared(match[1]), [match[2]] if match[2] else list(parameters)


def translate(
    sql: str, *, database: str, names: Names, parameters: Sequence[str] = (), prepared: Callable[[str], str]
) -> Statement:
    """Return Athena's statement as one for Trino.

    Raises:
        StatementError: what Athena refuses too.
    """
    uncommented = re.sub(r"\A(--[^\n]*\n|\s)+", "", sql)
    if uncommented != sql.lstrip() and (match := NO_COMMENT_BEFORE.match(uncommented)):
        raise StatementError(
            f"line 2:1: mismatched input '{match[0].lower()}'. Expecting: 'ALTER', 'ANALYZE', 'CALL', ..."
        )
    sql, values = executed(uncommented.strip().rstrip(";"), parameters, prepared)
    try:
        sql = for_trino(sql)
    except IcebergError as error:
        raise StatementError(str(error)) from error
    head = " ".join(sql.split()[:2]).upper()
    if head.endswith((" DATABASE", " DATABASES")):
        sql = re.sub("DATABASE", "SCHEMA", sql, count=1, flags=re.IGNORECASE)
    made, before = None, []
    if head == "CREATE TABLE":
        iceberg = re.search(r"table_type\s*=\s*'ICEBERG'", sql, re.IGNORECASE) is not None
        sql = with_properties(sql, iceberg)
        made = "iceberg" if iceberg else "hive"
        if iceberg:
            chain = next(chains(tokenize(sql, read="trino")))
            schema = plain(chain[-2]) if len(chain) > 1 else database
            before.append(f'CREATE SCHEMA IF NOT EXISTS iceberg."{schema}"')
    word = head.split(" ")[0]
    kind = "UTILITY" if word in UTILITIES else "DDL" if word in ("CREATE", "DROP", "ALTER", "MSCK") else "DML"
    return Statement(bound(renamed(sql, database, names, made), values), kind, tuple(before))
