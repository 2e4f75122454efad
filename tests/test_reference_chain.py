"""Small cases of docs/rules.md §3 and §4 answered by hand, for the reference that the SQL is held to: chains."""

from __future__ import annotations

from typing import Any

import pytest

from tests import reference
from tests.records import (
    ADMIN,
    ALICE,
    CHAIN,
    DAY,
    JUMP,
    assume,
    at,
    event,
    hops,
    ident,
    login,
    look,
    role,
)

# §3 and §4, backwards


def test_four_hops_across_accounts() -> None:
    assert hops(CHAIN, access_key="ASIA3") == [
        ("s0", "ASIA3", None, None, None),
        ("o1", "ASIA2", "issued-key", "exact", None),
        ("o2", "ASIA1", "issued-key", "exact", None),
        ("o3", "AKIA1", "issued-key", "exact", "long-term-key"),
    ]


def test_row_carries_the_issuance_and_the_hop_nearer_the_start() -> None:
    row = reference.identity_chain(CHAIN, access_key="ASIA3")[1]
    assert row["event_id"] == "AssumeRole-19:42:56"
    assert row["expires_at"] == f"{DAY}23:00:00Z"
    assert row["session_id"] == f"AROAJUMP:s@{DAY}19:20:41Z"
    assert (row["linked_session_id"], row["linked_access_key_id"]) == (f"AROAADMIN:s@{DAY}19:42:56Z", "ASIA3")
    assert row["start_session_id"] == f"AROAADMIN:s@{DAY}19:42:56Z"


@pytest.mark.parametrize(
    ("depth", "ends"), [(0, ["depth-limit"]), (1, [None, "depth-limit"]), (3, [None, None, None, "long-term-key"])]
)
def test_depth_limit(depth: int, ends: list[str | None]) -> None:
    assert [row["origin"] for row in reference.identity_chain(CHAIN, access_key="ASIA3", max_depth=depth)] == ends


def test_clocks_may_differ_by_two_seconds_exactly_by_more_inferred() -> None:
    for created, confidence in (("19:42:54", "exact"), ("19:42:58", "exact"), ("19:42:53", "inferred")):
        records = [CHAIN[3], look("19:44:00", ident("ASIA3", created, ADMIN))]
        assert hops(records, access_key="ASIA3")[1][2:4] == ("issued-key", confidence)


def test_inferred_takes_the_latest_valid_at_the_use() -> None:
    first = assume("10:00:00", ident("AKIA1"), "ASIA3", ADMIN)
    second = assume("12:00:00", ident("AKIA2"), "ASIA3", ADMIN)
    later = assume("14:00:00", ident("AKIA3"), "ASIA3", ADMIN)
    records = [first, second, later, look("13:00:00", ident("ASIA3", "12:30:00", ADMIN))]
    assert hops(records, access_key="ASIA3", window=(at("12:30:00"), at("13:30:00")))[1][1:4] == (
        "AKIA2",
        "issued-key",
        "inferred",
    )


def test_expired_key_is_not_inferred() -> None:
    records = [CHAIN[3], look("23:00:01", ident("ASIA3", "22:00:00", ADMIN))]
    assert hops(records, access_key="ASIA3", window=(at("22:00:00"), None)) == [
        ("s0", "ASIA3", None, None, "not-in-logs")
    ]


def test_recycled_key_goes_to_its_own_principal() -> None:
    records = [
        assume("10:00:00", ident("AKIA1"), "ASIA9", JUMP),
        assume("10:00:00", ident("AKIA2"), "ASIA9", ADMIN, eventID="other"),
        look("10:00:05", ident("ASIA9", "10:00:00", JUMP)),
        look("10:00:06", ident("ASIA9", "10:00:00", ADMIN)),
    ]
    rows = reference.identity_chain(records, access_key="ASIA9")
    assert [(row["start_session_id"], row["access_key_id"]) for row in rows] == [
        (f"AROAADMIN:s@{DAY}10:00:00Z", "ASIA9"),
        (f"AROAADMIN:s@{DAY}10:00:00Z", "AKIA2"),
        (f"AROAJUMP:s@{DAY}10:00:00Z", "ASIA9"),
        (f"AROAJUMP:s@{DAY}10:00:00Z", "AKIA1"),
    ]


def test_several_issuances_are_ambiguous() -> None:
    records = [
        assume("10:00:00", ident("AKIA1"), "ASIA9", JUMP),
        assume("10:00:01", ident("AKIA2"), "ASIA9", JUMP),
        look("10:00:05", ident("ASIA9", "10:00:00", JUMP)),
    ]
    assert hops(records, access_key="ASIA9") == [
        ("s0", "ASIA9", None, None, None),
        ("o1", "AKIA1", "issued-key", "ambiguous", "long-term-key"),
        ("o1", "AKIA2", "issued-key", "ambiguous", "long-term-key"),
    ]


def test_console_switch_role_through_its_assume_role() -> None:
    records = [
        login("10:00:00", ALICE),
        assume("10:05:00", ident("ASIAC", "10:00:00"), "ASIAUNUSED", ADMIN),
        login("10:05:00", ADMIN, name="SwitchRole"),
        look("10:06:00", ident("ASIAD", "10:05:00", ADMIN)),
    ]
    assert hops(records, access_key="ASIAD") == [
        ("s0", "ASIAD", None, None, None),
        ("o1", "ASIAC", "issued-session", "exact", None),
        ("o2", "AIDAALICE", "sign-in", "exact", "console-sign-in"),
    ]


def test_sign_in_row_has_its_own_session() -> None:
    records = [login("10:00:00", ALICE, sourceIPAddress="203.0.113.7"), look("10:01:00", ident("ASIAC", "10:00:00"))]
    row = reference.identity_chain(records, access_key="ASIAC")[1]
    assert (row["session_id"], row["access_key_id"], row["source_ip"]) == (
        f"AIDAALICE@{DAY}10:00:00Z",
        None,
        "203.0.113.7",
    )


def test_failed_login_never_links() -> None:
    records = [login("10:00:00", ALICE, "Failure"), look("10:01:00", ident("ASIAC", "10:00:00"))]
    assert hops(records, access_key="ASIAC") == [("s0", "ASIAC", None, None, "not-in-logs")]


def test_federated_sign_in_goes_on_by_its_key() -> None:
    records = [
        assume("09:00:00", ident("AKIA1"), "ASIA2", JUMP),
        login("10:00:00", ident("ASIA2", None, JUMP)),
        look("10:01:00", ident("ASIAC", "10:00:00", JUMP)),
    ]
    assert hops(records, access_key="ASIAC") == [
        ("s0", "ASIAC", None, None, None),
        ("o1", "ASIA2", "sign-in", "exact", None),
        ("o2", "AKIA1", "issued-key", "inferred", "long-term-key"),
    ]


def test_federated_sign_in_does_not_step_to_itself() -> None:
    records = [login("10:00:00", ident("ASIA2", None, JUMP)), look("10:01:00", ident("ASIAC", "10:00:00", JUMP))]
    assert hops(records, access_key="ASIAC")[1:] == [("o1", "ASIA2", "sign-in", "exact", "not-in-logs")]
    assert hops(records, access_key="ASIA2") == [("s0", "ASIA2", None, None, "not-in-logs")]


def test_created_key_goes_to_its_creator() -> None:
    created = event(
        "10:00:00", "iam:CreateAccessKey", ident("AKIA1"), responseElements={"accessKey": {"accessKeyId": "AKIA2"}}
    )
    assert hops([created, look("10:01:00", ident("AKIA2"))], access_key="AKIA2") == [
        ("s0", "AKIA2", None, None, None),
        ("o1", "AKIA1", "created-key", "exact", "long-term-key"),
    ]
    assert hops([created, look("09:59:57", ident("AKIA2"))], access_key="AKIA2")[0] == (
        "s0",
        "AKIA2",
        None,
        None,
        "long-term-key",
    )


def test_forwarded_for_a_temporary_session_goes_to_the_same_session() -> None:
    records = [
        assume("10:00:00", ident("AKIA1"), "ASIA2", JUMP),
        look("10:01:00", ident("ASIAF", "10:00:00", JUMP, invokedBy="AWS Internal")),
    ]
    assert hops(records, access_key="ASIAF")[1:] == [("o1", "AKIA1", "issued-session", "exact", "long-term-key")]


@pytest.mark.parametrize(
    ("call", "found"), [("10:00:00", True), ("09:50:05", True), ("09:50:04", False), ("10:10:05", True)]
)
def test_forwarded_for_a_long_term_key_within_ten_minutes(call: str, found: bool) -> None:
    records = [look(call, ident("AKIA1")), event("10:00:06", "kms:Decrypt", ident("ASIAF", "10:00:05", invokedBy="x"))]
    expected = [("o1", "AKIA1", "forwarded", "inferred", "long-term-key")] if found else []
    assert hops(records, access_key="ASIAF")[1:] == expected


def test_forwarded_takes_the_nearest_call_the_earlier_first() -> None:
    records = [
        look("10:00:00", ident("AKIA1")),
        look("10:00:10", ident("AKIA2")),
        event("10:00:06", "kms:Decrypt", ident("ASIAF", "10:00:05", invokedBy="x")),
    ]
    row = reference.identity_chain(records, access_key="ASIAF")[1]
    assert (row["access_key_id"], row["event_id"], row["expires_at"]) == ("AKIA1", "DescribeInstances-10:00:00", None)


@pytest.mark.parametrize(
    ("caller", "origin"),
    [
        ({"type": "AWSAccount", "principalId": "AROAX:y", "accountId": "333333333333"}, "external-account"),
        ({"type": "AWSService", "invokedBy": "ec2.amazonaws.com"}, "service"),
        ({"invokedBy": "ec2.amazonaws.com"}, "service"),
        ({"type": "WebIdentityUser", "principalId": "idp:eve"}, "federated"),
        ({"type": "SAMLUser", "principalId": "idp:eve"}, "federated"),
        ({"type": "IdentityCenterUser"}, "identity-center"),
        (ident("AKIA1", of={"type": "Root", "principalId": "1"}), "root"),
        (ident("AKIA1"), "long-term-key"),
        (ident("ASIAX", "08:00:00"), "not-in-logs"),
        ("somebody", "not-in-logs"),
    ],
)
def test_origins(caller: Any, origin: str) -> None:
    records = [assume("10:00:00", caller, "ASIA2", JUMP), look("10:01:00", ident("ASIA2", "10:00:00", JUMP))]
    assert [row["origin"] for row in reference.identity_chain(records, access_key="ASIA2")] == [None, origin]


def test_identity_center_by_the_reserved_role() -> None:
    reserved = role("AWSReservedSSO_Ops_0123456789abcdef", session="user@example.com")
    saml = {"type": "SAMLUser", "principalId": "idp:eve"}
    records = [assume("10:00:00", saml, "ASIAX", reserved), look("10:01:00", ident("ASIA2", "10:00:00", reserved))]
    assert hops(records, access_key="ASIA2")[1][2:] == ("issued-session", "exact", "identity-center")


def test_cycle_is_the_same_credentials_not_the_same_role() -> None:
    again = [
        assume("10:00:00", ident("AKIA1"), "ASIA1", JUMP),
        assume("10:00:05", ident("ASIA1", "10:00:00", JUMP), "ASIA2", JUMP),
        look("10:00:09", ident("ASIA2", "10:00:05", JUMP)),
    ]
    assert [hop[1] for hop in hops(again, access_key="ASIA2")] == ["ASIA2", "ASIA1", "AKIA1"]
    loop = [assume("10:00:00", ident("ASIA1", "10:00:00", JUMP), "ASIA1", JUMP)]
    assert hops(loop, access_key="ASIA1") == [
        ("s0", "ASIA1", None, None, None),
        ("o1", "ASIA1", "issued-key", "exact", "cycle"),
    ]


def test_issued_and_never_used_starts_a_walk() -> None:
    assert hops(CHAIN[:4], access_key="ASIA3")[:2] == [
        ("s0", "ASIA3", None, None, None),
        ("o1", "ASIA2", "issued-key", "exact", None),
    ]
    row = reference.identity_chain(CHAIN[:4], session_id=f"AROAADMIN:s@{DAY}19:42:56Z")[0]
    assert (row["access_key_id"], row["identity_type"], row["account_id"]) == ("ASIA3", "AssumedRole", "222222222222")


def test_window_selects_the_uses_and_looks_back_for_issuances() -> None:
    assert len(hops(CHAIN, access_key="ASIA3", window=(at("19:44:00"), at("19:45:00")))) == 4
    assert hops(CHAIN, access_key="ASIA1", window=(at("19:44:00"), None)) == []


def test_at_takes_the_session_of_that_second_else_the_one_alive() -> None:
    records = [
        assume("10:00:00", ident("AKIA1"), "ASIA9", JUMP),
        look("10:00:05", ident("ASIA9", "10:00:00", JUMP)),
        assume("12:00:00", ident("AKIA2"), "ASIA9", ADMIN),
        look("12:00:05", ident("ASIA9", "12:00:00", ADMIN)),
    ]

    def starts(clock: str) -> list[str]:
        rows = reference.identity_chain(records, access_key="ASIA9", at=at(clock))
        return [row["principal_id"] for row in rows if row["depth"] == 0]

    assert starts("10:00:05") == ["AROAJUMP:s"]
    assert starts("11:00:00") == ["AROAJUMP:s"]
    assert starts("13:00:00") == ["AROAADMIN:s"]
    assert starts("09:00:00") == starts("23:30:00") == []


def test_session_start_stands_on_a_key_without_forwarded_calls() -> None:
    records = [
        login("10:00:00", ALICE),
        look("10:00:01", ident("ASIAF", "10:00:00", invokedBy="AWS Internal")),
        look("10:00:02", ident("ASIAC", "10:00:00")),
    ]
    assert hops(records, session_id=f"AIDAALICE@{DAY}10:00:00Z") == [
        ("s0", "ASIAC", None, None, None),
        ("o1", "AIDAALICE", "sign-in", "exact", "console-sign-in"),
    ]


# §4, forwards


def test_derived_goes_down_the_whole_chain() -> None:
    assert hops(CHAIN, access_key="AKIA1", direction="derived") == [
        ("s0", "AKIA1", None, None, None),
        ("d1", "ASIA1", "issued-key", "exact", None),
        ("d2", "ASIA2", "issued-key", "exact", None),
        ("d3", "ASIA3", "issued-key", "exact", None),
    ]
    assert hops(CHAIN, access_key="AKIA1", direction="derived", max_depth=2)[-1] == (
        "d2",
        "ASIA2",
        "issued-key",
        "exact",
        "depth-limit",
    )


def test_both_directions() -> None:
    assert [hop[0] for hop in hops(CHAIN, access_key="ASIA2", direction="both")] == ["s0", "o1", "o2", "d1"]


def test_derived_shows_the_key_that_the_console_used_instead() -> None:
    records = [
        look("10:04:00", ident("ASIAC", "10:00:00")),
        assume("10:05:00", ident("ASIAC", "10:00:00"), "ASIAUNUSED", ADMIN),
        look("10:05:30", ident("ASIAF", "10:05:00", ADMIN, invokedBy="x")),
        look("10:06:00", ident("ASIAD", "10:05:00", ADMIN)),
    ]
    assert hops(records, access_key="ASIAC", direction="derived")[1:] == [
        ("d1", "ASIAD", "issued-session", "exact", None)
    ]


def test_derived_forwarded_and_created_keys() -> None:
    created = event(
        "10:00:00", "iam:CreateAccessKey", ident("AKIA1"), responseElements={"accessKey": {"accessKeyId": "AKIA2"}}
    )
    forwarded = ident("ASIAF", "10:01:00", {**ALICE, "principalId": "AIDABOB", "arn": "bob"}, invokedBy="x")
    bob = ident("AKIA2", None, {**ALICE, "principalId": "AIDABOB", "arn": "bob"})
    records = [created, look("10:01:00", bob), event("10:01:01", "kms:Decrypt", forwarded)]
    assert hops(records, access_key="AKIA1", direction="derived")[1:] == [
        ("d1", "AKIA2", "created-key", "exact", None),
        ("d2", "ASIAF", "forwarded", "inferred", None),
    ]
    assert hops(records, access_key="AKIA2", direction="derived")[1:] == [
        ("d1", "ASIAF", "forwarded", "inferred", None)
    ]


def test_derived_leaves_out_a_return_to_the_start() -> None:
    loop = [assume("10:00:00", ident("ASIA1", "10:00:00", JUMP), "ASIA1", JUMP)]
    assert [hop[0] for hop in hops(loop, access_key="ASIA1", direction="derived")] == ["s0"]
