"""What Athena keeps: work groups, named queries and prepared statements, on moto's state, which cannot list, change or delete them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from moto.athena.models import AthenaBackend, NamedQuery, PreparedStatement, WorkGroup

Body = Mapping[str, Any]
LONGEST_STATEMENT = 262_144  # bytes; docs.aws.amazon.com/athena/latest/ug/service-limits.html
STATEMENT_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_@:]{1,256}")


class Refused(Exception):
    """A request that Athena refuses; the code is InvalidRequestException where nothing else is said."""

    def __init__(self, message: str, code: str = "InvalidRequestException") -> None:
        """Take down what is answered."""
        super().__init__(message)
        self.code = code


def work_group(backend: AthenaBackend, name: str) -> WorkGroup:
    """Return a work group that can be used."""
    group = backend.work_groups.get(name)
    if group is None:
        raise Refused(f"WorkGroup {name} is not found.")
    if group.state != "ENABLED":
        raise Refused(f"WorkGroup {name} is disabled.")
    return group


def missing(key: str, names: Sequence[str]) -> list[dict[str, str]]:
    """Return the names that a batch did not find, in Athena's form."""
    return [{key: name, "ErrorCode": "NOT_FOUND", "ErrorMessage": f"{name} was not found"} for name in names]


def check_text(text: str) -> None:
    """Refuse a statement that is too long."""
    if len(text.encode()) > LONGEST_STATEMENT:
        constraint = f"Member must have length less than or equal to {LONGEST_STATEMENT}"
        raise Refused(f"1 validation error detected: Value at 'queryString' failed to satisfy constraint: {constraint}")


def paged(name: str, items: list[Any], body: Body) -> dict[str, Any]:
    """Return a part of a list, and the token of the next."""
    start, size = int(body.get("NextToken") or 0), body.get("MaxResults") or 50
    answer: dict[str, Any] = {name: items[start : start + size]}
    return answer | ({"NextToken": str(start + size)} if start + size < len(items) else {})


@dataclass
class Saved:
    """The actions of work groups, named queries and prepared statements. `backend`: moto's state of this region.

    `tokens`: what was asked with which request token, and the id that it was answered with.
    """

    backend: AthenaBackend
    tokens: dict[str, tuple[Body, str]] = field(default_factory=dict)

    def get_work_group(self, body: Body) -> dict[str, Any]:
        """Tell of a work group, a disabled one too."""
        told = self.backend.get_work_group(body["WorkGroup"])
        if told is None:
            raise Refused(f"WorkGroup {body['WorkGroup']} is not found.")
        return {"WorkGroup": told}

    def update_work_group(self, body: Body) -> dict[str, Any]:
        """Change a work group's state, description or configuration."""
        self.get_work_group(body)
        group: Any = self.backend.work_groups[body["WorkGroup"]]
        group.state = body.get("State", group.state)
        group.description = body.get("Description", group.description)
        for name, value in body.get("ConfigurationUpdates", {}).items():
            if name == "ResultConfigurationUpdates":
                group.configuration["ResultConfiguration"] = value
            elif name == "RemoveBytesScannedCutoffPerQuery":
                group.configuration.pop("BytesScannedCutoffPerQuery", None)
            else:
                group.configuration[name] = value
        return {}

    def create_named_query(self, body: Body) -> dict[str, Any]:
        """Keep a named query; several may have one name. Asked again with the same token it answers the same and keeps no other."""
        token = body.get("ClientRequestToken", "")
        if not 32 <= len(token) <= 128:
            raise Refused("1 validation error detected: Value at 'clientRequestToken' failed")
        if token in self.tokens:
            asked, query_id = self.tokens[token]
            if asked != body:
                raise Refused("Idempotent parameters do not match")
            return {"NamedQueryId": query_id}
        check_text(body["QueryString"])
        group = work_group(self.backend, body.get("WorkGroup", "primary"))
        query = NamedQuery(body["Name"], body.get("Description", ""), body["Database"], body["QueryString"], group)
        self.backend.named_queries[query.id] = query
        self.tokens[token] = (body, query.id)
        return {"NamedQueryId": query.id}

    def named(self, query_id: str) -> Any:
        """Return a named query."""
        if query_id not in self.backend.named_queries:
            raise Refused(f"NamedQuery {query_id} was not found")
        return self.backend.named_queries[query_id]

    def get_named_query(self, body: Body) -> dict[str, Any]:
        """Tell of a named query."""
        return {"NamedQuery": named_told(self.named(body["NamedQueryId"]))}

    def batch_get_named_query(self, body: Body) -> dict[str, Any]:
        """Tell of several named queries."""
        known, asked = self.backend.named_queries, body["NamedQueryIds"]
        lost = missing("NamedQueryId", [one for one in asked if one not in known])
        found = [named_told(known[one]) for one in asked if one in known]
        return {"NamedQueries": found, "UnprocessedNamedQueryIds": lost}

    def list_named_queries(self, body: Body) -> dict[str, Any]:
        """List the ids of a work group's named queries."""
        group = body.get("WorkGroup", "primary")
        return paged(
            "NamedQueryIds",
            [one.id for one in self.backend.named_queries.values() if one.workgroup.name == group],
            body,
        )

    def update_named_query(self, body: Body) -> dict[str, Any]:
        """Change a named query's name, description and text."""
        check_text(body["QueryString"])
        query = self.named(body["NamedQueryId"])
        query.name, query.query_string = body["Name"], body["QueryString"]
        query.description = body.get("Description", query.description)
        return {}

    def delete_named_query(self, body: Body) -> dict[str, Any]:
        """Forget a named query."""
        self.named(body["NamedQueryId"])
        del self.backend.named_queries[body["NamedQueryId"]]
        return {}

    def statements(self, group: str) -> dict[str, Any]:
        """Return a work group's prepared statements by name, in the order of their names."""
        mine = [one for one in self.backend.prepared_statements.values() if one.workgroup.name == group]
        return {one.statement_name: one for one in sorted(mine, key=lambda one: one.statement_name)}

    def prepared(self, name: str, group: str) -> Any:
        """Return a prepared statement."""
        found = self.statements(group).get(name)
        if found is None:
            raise Refused(f"PreparedStatement {name} was not found in workGroup {group}", "ResourceNotFoundException")
        return found

    def create_prepared_statement(self, body: Body) -> dict[str, Any]:
        """Keep a prepared statement; its name is unique in the work group."""
        check_text(body["QueryStatement"])
        name, group = body["StatementName"], work_group(self.backend, body["WorkGroup"])
        if not STATEMENT_NAME.fullmatch(name):
            raise Refused(f"1 validation error detected: Value '{name}' at 'statementName' failed")
        if name in self.statements(group.name):
            raise Refused(f"PreparedStatement {name} already exists in workGroup {group.name}")
        kept = PreparedStatement(name, group, body["QueryStatement"], body.get("Description", ""))
        self.backend.prepared_statements[f"{group.name}/{name}"] = kept
        return {}

    def get_prepared_statement(self, body: Body) -> dict[str, Any]:
        """Tell of a prepared statement."""
        return {"PreparedStatement": prepared_told(self.prepared(body["StatementName"], body["WorkGroup"]))}

    def batch_get_prepared_statement(self, body: Body) -> dict[str, Any]:
        """Tell of several prepared statements."""
        known, asked = self.statements(body["WorkGroup"]), body["PreparedStatementNames"]
        lost = missing("StatementName", [one for one in asked if one not in known])
        found = [prepared_told(known[one]) for one in asked if one in known]
        return {"PreparedStatements": found, "UnprocessedPreparedStatementNames": lost}

    def list_prepared_statements(self, body: Body) -> dict[str, Any]:
        """List a work group's prepared statements."""
        told = [
            {"StatementName": name, "LastModifiedTime": one.last_modified_time.timestamp()}
            for name, one in self.statements(work_group(self.backend, body["WorkGroup"]).name).items()
        ]
        return paged("PreparedStatements", told, body)

    def update_prepared_statement(self, body: Body) -> dict[str, Any]:
        """Change a prepared statement's text and description."""
        check_text(body["QueryStatement"])
        kept = self.prepared(body["StatementName"], body["WorkGroup"])
        kept.query_statement = body["QueryStatement"]
        kept.description = body.get("Description", kept.description)
        kept.last_modified_time = datetime.now(UTC)
        return {}

    def delete_prepared_statement(self, body: Body) -> dict[str, Any]:
        """Forget a prepared statement."""
        self.prepared(body["StatementName"], body["WorkGroup"])
        del self.backend.prepared_statements[f"{body['WorkGroup']}/{body['StatementName']}"]
        return {}


def named_told(query: Any) -> dict[str, Any]:
    """Return a named query in Athena's form."""
    told = {
        "NamedQueryId": query.id,
        "Name": query.name,
        "Database": query.database,
        "QueryString": query.query_string,
        "WorkGroup": query.workgroup.name,
    }
    return told | ({"Description": query.description} if query.description else {})


def prepared_told(kept: Any) -> dict[str, Any]:
    """Return a prepared statement in Athena's form."""
    told = {
        "StatementName": kept.statement_name,
        "QueryStatement": kept.query_statement,
        "WorkGroupName": kept.workgroup.name,
        "LastModifiedTime": kept.last_modified_time.timestamp(),
    }
    return told | ({"Description": kept.description} if kept.description else {})
