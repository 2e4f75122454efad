"""A plain-Python reading of docs/rules.md over CloudTrail records, written without a look at the SQL.

Every function takes a list of record dicts and returns rows as dicts keyed by the contract's column names:
times as ``YYYY-MM-DDTHH:MM:SSZ`` text, lists as lists, JSON samples as Python values, what is absent as None.
"""

from __future__ import annotations

from tests.reference.chain_events import chain_events
from tests.reference.console_keys import console_keys
from tests.reference.identity_chain import identity_chain
from tests.reference.issuances import issuances
from tests.reference.origins import origins
from tests.reference.recycled_keys import recycled_keys
from tests.reference.session_events import session_events
from tests.reference.session_summary import session_summary
from tests.reference.sessions import sessions

__all__ = [
    "chain_events",
    "console_keys",
    "identity_chain",
    "issuances",
    "origins",
    "recycled_keys",
    "session_events",
    "session_summary",
    "sessions",
]
