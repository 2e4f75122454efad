"""Athena's saved objects: named queries, which people find in the console, and prepared statements, which programs execute.

Both hold the same text, with `?` for what the caller gives: the console asks for it when a saved query is run, `EXECUTE ... USING` and
`StartQueryExecution(ExecutionParameters=...)` bring it. https://docs.aws.amazon.com/athena/latest/ug/querying-with-prepared-statements.html
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from botocore.exceptions import ClientError

from sqlgen.objects.base import Kept, PlaceLostError, SavedObject
from sqlgen.objects.forms import FormText
from sqlgen.profiles import Profile
from sqlgen.tree import table_node
from sqlgen.warehouses.athena import LONGEST_STATEMENT, AthenaWarehouse
from sqlgen.warehouses.athena_errors import ERRORS, ends_all, explain
from sqlgen.warehouses.base import WarehouseError

NAMED_QUERY = "named query"
PREPARED_STATEMENT = "prepared statement"
NAME_START = "sqlgen_"
"""What the names of ours begin with: a workgroup is shared."""

# https://docs.aws.amazon.com/athena/latest/APIReference/API_CreateNamedQuery.html, API_CreatePreparedStatement.html
LONGEST_DESCRIPTION = 1024
NAMED_QUERIES_A_BATCH = 50
STATEMENTS_A_BATCH = 256
# https://docs.aws.amazon.com/athena/latest/ug/querying-with-prepared-statements-querying.html
MOST_STATEMENTS = 1000


class AthenaPlace:
    """A workgroup. See `sqlgen.objects.base.Place`."""

    def __init__(self, profile: Profile, warehouse: AthenaWarehouse) -> None:
        self._client = warehouse.client("athena")
        self._workgroup = warehouse.workgroup
        self._database = table_node(profile.table).db or "default"
        self._statements = 0

    def objects(self, text: FormText) -> Sequence[SavedObject]:
        """See `Place.objects`."""
        name = NAME_START + text.form.name
        sql = _headed(text)
        if len(sql.encode()) > LONGEST_STATEMENT:
            raise WarehouseError(
                f"its text has {len(sql.encode()):,} bytes, Athena keeps {LONGEST_STATEMENT:,}: "
                "name fewer partition values in the profile"
            )
        names = [argument.name for argument in text.arguments]
        asked = f"in the console, Run asks for {', '.join(names)}, each in single quotes"
        given = ", ".join(f"'{name.upper()}'" for name in names)
        return [
            SavedObject(NAMED_QUERY, name, sql, text.about, asked, text.query.name, text.arguments),
            SavedObject(
                PREPARED_STATEMENT,
                name,
                sql,
                text.about,
                f"EXECUTE {name} USING {given}",
                text.query.name,
                text.arguments,
            ),
        ]

    def kept(self) -> Sequence[Kept]:
        """See `Place.kept`."""
        return [*self._named_queries(), *self._prepared_statements()]

    def spelled(self, wanted: SavedObject) -> str:
        """See `Place.spelled`: kept as it is."""
        return wanted.sql

    def put(self, wanted: SavedObject, replaces: Kept | None) -> None:
        """See `Place.put`. Each is one request, which Athena carries out whole."""
        content = {"Description": wanted.description(LONGEST_DESCRIPTION)}
        if wanted.kind == NAMED_QUERY:
            content |= {"Name": wanted.name, "QueryString": wanted.sql}
            if replaces is not None:
                self._ask(self._client.update_named_query, NamedQueryId=replaces.handle, **content)
            else:
                self._create_named_query(content)
            return
        content |= {"StatementName": wanted.name, "WorkGroup": self._workgroup, "QueryStatement": wanted.sql}
        if replaces is not None:
            self._ask(self._client.update_prepared_statement, **content)
            return
        if self._statements >= MOST_STATEMENTS:
            raise WarehouseError(
                f"the workgroup {self._workgroup} has {self._statements:,} prepared statements, and Athena keeps no more: "
                "remove some, or name another workgroup in the profile"
            )
        self._ask(self._client.create_prepared_statement, **content)
        self._statements += 1

    def drop(self, kept: Kept) -> None:
        """See `Place.drop`."""
        try:
            if kept.kind == NAMED_QUERY:
                self._ask(self._client.delete_named_query, NamedQueryId=kept.handle)
            else:
                names = {"StatementName": kept.handle, "WorkGroup": self._workgroup}
                self._ask(self._client.delete_prepared_statement, **names)
        except WarehouseError as error:
            if not _not_found(error.__cause__):
                raise

    def _create_named_query(self, content: dict[str, str]) -> None:
        """Create one, once: a second request with this token gives the first one's answer, also after this process was killed."""
        content |= {"Database": self._database, "WorkGroup": self._workgroup}
        token = hashlib.sha256("\0".join(f"{key}={content[key]}" for key in sorted(content)).encode()).hexdigest()
        created = self._ask(self._client.create_named_query, ClientRequestToken=token, **content)
        found = self._ask(self._client.batch_get_named_query, NamedQueryIds=[created["NamedQueryId"]])
        if not found["NamedQueries"]:  # the answer was that of a query which was deleted since
            self._ask(self._client.create_named_query, ClientRequestToken=str(uuid.uuid4()), **content)

    def _named_queries(self) -> Iterator[Kept]:
        ids = list(self._pages(self._client.list_named_queries, "NamedQueryIds"))
        for start in range(0, len(ids), NAMED_QUERIES_A_BATCH):
            batch = ids[start : start + NAMED_QUERIES_A_BATCH]
            for item in self._ask(self._client.batch_get_named_query, NamedQueryIds=batch)["NamedQueries"]:
                yield Kept(
                    NAMED_QUERY,
                    item["Name"],
                    item["NamedQueryId"],
                    item.get("Description", ""),
                    item["QueryString"],
                )

    def _prepared_statements(self) -> Iterator[Kept]:
        names = [
            item["StatementName"] for item in self._pages(self._client.list_prepared_statements, "PreparedStatements")
        ]
        self._statements = len(names)
        for start in range(0, len(names), STATEMENTS_A_BATCH):
            told = self._ask(
                self._client.batch_get_prepared_statement,
                PreparedStatementNames=names[start : start + STATEMENTS_A_BATCH],
                WorkGroup=self._workgroup,
            )
            for item in told["PreparedStatements"]:
                name = item["StatementName"]
                yield Kept(PREPARED_STATEMENT, name, name, item.get("Description", ""), item["QueryStatement"])

    def _pages(self, request: Callable[..., Any], items: str) -> Iterator[Any]:
        more: dict[str, str] = {}
        while True:
            page = self._ask(request, WorkGroup=self._workgroup, **more)
            yield from page[items]
            if not page.get("NextToken"):
                return
            more = {"NextToken": page["NextToken"]}

    def _ask(self, request: Callable[..., Any], **content: Any) -> Any:
        """Make a request; WarehouseError in one line where it fails."""
        try:
            return request(**content)
        except ERRORS as error:
            told = explain(error, self._workgroup)
            raise (PlaceLostError if ends_all(error) else WarehouseError)(told) from error


def open_place(profile: Profile, warehouse: AthenaWarehouse) -> AthenaPlace:
    """Return the workgroup of the profile."""
    return AthenaPlace(profile, warehouse)


def _headed(text: FormText) -> str:
    """Return the text below a comment that says what it is given, without a question mark, which the console would count."""
    lines = [
        f"-- {text.query.question}",
        *(f"-- {place} {argument.name}: {argument.meaning}" for place, argument in enumerate(text.arguments, 1)),
    ]
    return "\n".join(lines).replace("?", ".") + "\n" + text.rendered.sql


def _not_found(error: BaseException | None) -> bool:
    """Say whether AWS answered that there is no such thing; for a named query it says so in words only."""
    if not isinstance(error, ClientError):
        return False
    told = error.response.get("Error", {})
    message = str(told.get("Message", "")).lower()
    return told.get("Code") == "ResourceNotFoundException" or "not found" in message or "does not exist" in message
