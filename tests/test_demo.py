"""The demo's logs: the same at every run, well formed, telling the story that `DemoStory` claims; read without SQL."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from sqlgen.demo import DemoStory, tour, walk_tour, write_demo
from sqlgen.demo.callers import at, spelled_out
from sqlgen.demo.ids import account_of

Record = dict[str, Any]

FILE_NAME = re.compile(
    r"AWSLogs/(\d{12})/CloudTrail/([a-z0-9-]+)/2021/08/27/"
    r"\1_CloudTrail_\2_20210827T(\d\d)(\d\d)Z_[A-Za-z0-9]{16}\.json\.gz"
)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> DemoStory:
    """The demo, written once."""
    return write_demo(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="module")
def delivered(story: DemoStory) -> list[Record]:
    """Every record delivered, the twice delivered ones twice."""
    return [record for path in story.deliveries for record in load(path)["Records"]]


@pytest.fixture(scope="module")
def events(delivered: list[Record]) -> list[Record]:
    """Each event once, in the order of time."""
    return sorted({record["eventID"]: record for record in delivered}.values(), key=lambda event: event["eventTime"])


def load(path: Path) -> Any:
    """The JSON document of a gzip file."""
    return json.loads(gzip.decompress(path.read_bytes()))


def key_of(event: Record) -> str | None:
    """The access key that signed the call."""
    key: str | None = event["userIdentity"].get("accessKeyId")
    return key


def created_of(event: Record) -> str | None:
    """The creationDate of the caller's session."""
    created: str | None = event["userIdentity"].get("sessionContext", {}).get("attributes", {}).get("creationDate")
    return created


def issued_by(event: Record) -> str | None:
    """The access key that the call gave out."""
    response = event["responseElements"] or {}
    part = response.get("credentials") or response.get("accessKey") or {}
    key: str | None = part.get("accessKeyId")
    return key


def used(events: list[Record], key: str) -> list[Record]:
    """The calls of a key."""
    return [event for event in events if key_of(event) == key]


def issuing(events: list[Record], key: str) -> list[Record]:
    """The calls that gave out a key."""
    return [event for event in events if issued_by(event) == key]


def own_copy(copies: list[Record]) -> Record:
    """Of the two copies of a cross-account call the one that names the caller's key."""
    (found,) = [event for event in copies if key_of(event)]
    return found


def test_two_writes_are_identical(story: DemoStory, tmp_path: Path) -> None:
    again = write_demo(tmp_path)
    files = {path.relative_to(story.folder): path.read_bytes() for path in story.folder.rglob("*") if path.is_file()}
    assert files == {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert again.events == story.events
    assert len(files) == len(story.deliveries) + len(story.digests)


def test_files_are_laid_out_as_in_a_bucket(story: DemoStory) -> None:
    for path in story.deliveries:
        named = FILE_NAME.fullmatch(path.relative_to(story.folder).as_posix())
        assert named
        assert b"\n" not in gzip.decompress(path.read_bytes())
        document = load(path)
        assert list(document) == ["Records"]
        assert document["Records"]
        for record in document["Records"]:
            assert (record["recipientAccountId"], record["awsRegion"]) == named.group(1, 2)
            assert record["eventTime"] < f"2021-08-27T{named[3]}:{named[4]}"


def test_records_within_a_file_are_in_no_order(story: DemoStory) -> None:
    times = [[record["eventTime"] for record in load(path)["Records"]] for path in story.deliveries]
    assert sum(each != sorted(each) for each in times) > len(times) // 2


def test_digests_list_the_hashes_of_deliveries_and_hold_no_record(story: DemoStory) -> None:
    assert {path.parts[-6] for path in story.digests} == {"CloudTrail-Digest"}
    for path in story.digests:
        digest = load(path)
        assert "Records" not in digest
        assert digest["logFiles"]
        for file in digest["logFiles"]:
            content = gzip.decompress((story.folder / file["s3Object"]).read_bytes())
            assert hashlib.sha256(content).hexdigest() == file["hashValue"]


def test_counts(story: DemoStory, delivered: list[Record], events: list[Record]) -> None:
    assert len(delivered) == story.records
    assert len(events) == story.events
    assert 1500 <= story.events <= 3000
    assert {event["recipientAccountId"] for event in events} == set(story.accounts)


def test_one_file_is_delivered_twice(story: DemoStory, delivered: list[Record]) -> None:
    twice = {event_id for event_id, count in Counter(record["eventID"] for record in delivered).items() if count == 2}
    assert twice == {record["eventID"] for record in load(story.duplicate)["Records"]}
    assert story.records - story.events == len(twice)


def test_records_have_the_shape_of_their_version(events: list[Record]) -> None:
    for event in events:
        assert event["eventVersion"] == "1.08"
        assert re.fullmatch(r"2021-08-27T\d\d:\d\d:\d\dZ", event["eventTime"])
        assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", event["eventID"])
        assert {"requestParameters", "responseElements", "userAgent", "sourceIPAddress"} <= set(event)
        assert isinstance(event["readOnly"], bool)
        assert "vpcEndpointAccountId" not in event
        expiration = ((event["responseElements"] or {}).get("credentials") or {}).get("expiration")
        if expiration is not None:
            assert re.fullmatch(r"Aug 2[78], 2021 [1-9]\d?:\d\d:\d\d [AP]M", expiration)


def test_ids_carry_their_account(events: list[Record]) -> None:
    for event in events:
        identity = event["userIdentity"]
        if identity.get("accessKeyId"):
            assert len(identity["accessKeyId"]) == 20
            assert account_of(identity["accessKeyId"]) == identity["accountId"]
        if identity.get("principalId"):
            principal = identity["principalId"].partition(":")[0]
            assert len(principal) == 21
            assert account_of(principal) == identity["accountId"]


def test_one_arn_has_one_principal(events: list[Record]) -> None:
    pairs = {(e["userIdentity"]["arn"], e["userIdentity"]["principalId"]) for e in events if "arn" in e["userIdentity"]}
    assert len({arn for arn, _ in pairs}) == len(pairs)


def test_chain_of_the_alert(story: DemoStory, events: list[Record]) -> None:
    user, temporary, jump, admin = story.chain
    assert [key[-3:] for key in story.chain] == ["JF3", "5OA", "K5J", "8EI"]
    assert admin == story.alert_key
    (token,) = issuing(events, temporary)
    assert (token["eventName"], key_of(token), token["awsRegion"]) == ("GetSessionToken", user, "us-east-1")
    assert (token["eventTime"], token["sourceIPAddress"]) == ("2021-08-27T19:12:07Z", "203.0.113.7")
    assert "serialNumber" in token["requestParameters"]
    (first,) = issuing(events, jump)
    assert (first["eventName"], key_of(first), first["awsRegion"]) == ("AssumeRole", temporary, "eu-west-1")
    assert (first["eventTime"], first["sourceIPAddress"]) == ("2021-08-27T19:20:41Z", "203.0.113.7")
    assert first["responseElements"]["assumedRoleUser"]["arn"].endswith(":assumed-role/jumprole/eliavl")
    second = own_copy(issuing(events, admin))
    assert (key_of(second), second["awsRegion"]) == (jump, "eu-west-1")
    assert (second["eventTime"], second["sourceIPAddress"]) == ("2021-08-27T19:42:56Z", "198.51.100.14")
    assert second["responseElements"]["assumedRoleUser"]["arn"] == story.alert_arn
    assert second["responseElements"]["credentials"]["expiration"] == "Aug 27, 2021 8:42:56 PM"
    for key, made in ((temporary, token), (jump, first), (admin, second)):
        assert used(events, key)
        for event in used(events, key):
            assert created_of(event) == made["eventTime"] <= event["eventTime"]
    assert not issuing(events, user)


def test_cross_account_call_is_in_both_trails(story: DemoStory, events: list[Record]) -> None:
    caller, owner = sorted(issuing(events, story.alert_key), key=lambda event: event["recipientAccountId"])
    assert caller["sharedEventID"] == owner["sharedEventID"]
    assert caller["eventID"] != owner["eventID"]
    assert caller["requestID"] == owner["requestID"]
    assert caller["responseElements"] == owner["responseElements"]
    assert (caller["recipientAccountId"], owner["recipientAccountId"]) == story.accounts
    assert owner["userIdentity"] == {
        "type": "AWSAccount",
        "principalId": caller["userIdentity"]["principalId"],
        "accountId": story.accounts[0],
    }


def test_calls_of_the_alert(story: DemoStory, events: list[Record]) -> None:
    calls, counts = used(events, story.alert_key), story.alert_session
    refused = [call for call in calls if call.get("errorCode") in ("AccessDenied", "Client.UnauthorizedOperation")]
    writes = [call for call in calls if not call["readOnly"]]
    assert (len(calls), len(refused)) == (counts.calls, counts.denied) == (37, 9)
    assert len({call["eventName"] for call in writes}) == counts.write_kinds == 5
    assert len([call for call in writes if "errorCode" not in call]) == counts.writes_done == 5
    assert len({call["awsRegion"] for call in calls}) == counts.regions == 2
    assert (calls[0]["eventTime"], calls[-1]["eventTime"]) == (counts.first_seen, counts.last_seen)
    assert len({call["eventName"] for call in calls} & {"GetSecretValue", "GetParameter"}) == counts.sensitive_kinds
    names = Counter((call["eventName"], "errorCode" in call) for call in calls)
    assert names["DescribeInstances", False] == 18
    assert (names["GetSecretValue", False], names["GetSecretValue", True]) == (3, 1)
    assert (names["AttachUserPolicy", True], names["RunInstances", False]) == (2, 1)
    for call in calls:
        if call["eventName"] == "DescribeInstances":
            (item,) = call["requestParameters"]["filterSet"]["items"]
            assert item == {"name": "tag:env", "valueSet": {"items": [{"value": "prod"}]}}
        if call["eventName"] == "AttachUserPolicy":
            assert call["requestParameters"] is None
            assert call["errorMessage"].endswith("iam:AttachUserPolicy on resource: user backup")
        if call["eventName"] == "RunInstances":
            assert call["requestParameters"]["instanceType"] == "p3.16xlarge"
    principal = calls[0]["userIdentity"]["principalId"]
    same = [
        e for e in events if e["userIdentity"].get("principalId") == principal and created_of(e) == created_of(calls[0])
    ]
    assert same == calls


def test_refusals_keep_their_parameters_only_where_ec2_refuses(events: list[Record]) -> None:
    refused = [event for event in events if event.get("errorCode") in ("AccessDenied", "Client.UnauthorizedOperation")]
    assert len(refused) > 10
    for event in refused:
        assert (event["requestParameters"] is not None) == (event["eventSource"] == "ec2.amazonaws.com")


def test_the_arn_alone_would_blame_the_wrong_one(story: DemoStory, events: list[Record]) -> None:
    keys = {key_of(event) for event in events if event["userIdentity"].get("arn") == story.alert_arn}
    assert keys == {story.alert_key, *story.same_arn_keys}
    low, high = story.alert_session.first_seen, story.alert_session.last_seen
    busy = {
        key_of(e) for e in events if e["userIdentity"].get("arn") == story.alert_arn and low <= e["eventTime"] <= high
    }
    assert len(busy) == 3
    starters = {key_of(own_copy(issuing(events, key))) for key in story.same_arn_keys}
    assert starters.isdisjoint(story.chain)


def test_console_keys(story: DemoStory, events: list[Record]) -> None:
    (login,) = [event for event in events if event["eventID"] == story.console_login_event_id]
    assert (login["eventName"], login["responseElements"]) == ("ConsoleLogin", {"ConsoleLogin": "Success"})
    assert login["additionalEventData"]["MFAUsed"] == "Yes"
    assert "accessKeyId" not in login["userIdentity"] and "sessionContext" not in login["userIdentity"]
    calls = [event for event in events if event["userIdentity"].get("arn") == story.console_arn and created_of(event)]
    assert {created_of(event) for event in calls} == {login["eventTime"]} == {story.console_login_time}
    assert {key_of(event) for event in calls} == set(story.console_keys)
    assert 15 <= len(story.console_keys) <= 21
    assert len({event["awsRegion"] for event in calls}) == 4
    flagged = {key_of(event) for event in calls if event.get("sessionCredentialFromConsole") == "true"}
    assert 0 < len(flagged) < len(story.console_keys)
    assert not any(issuing(events, key) for key in story.console_keys)


def test_switch_of_role(story: DemoStory, events: list[Record]) -> None:
    copies = issuing(events, story.switched_issued_key)
    call = own_copy(copies)
    assert len({copy["sharedEventID"] for copy in copies}) == 1 and len(copies) == 2
    assert key_of(call) in story.console_keys and call["userIdentity"]["invokedBy"] == "AWS Internal"
    (switch,) = [event for event in events if event["eventName"] == "SwitchRole"]
    assert switch["eventTime"] == call["eventTime"] and switch["recipientAccountId"] == story.accounts[1]
    assert switch["userIdentity"]["arn"] == story.switched_arn
    assert switch["userIdentity"]["principalId"] == call["responseElements"]["assumedRoleUser"]["assumedRoleId"]
    assert switch["additionalEventData"]["SwitchFrom"] == story.console_arn
    calls = [e for e in events if e["userIdentity"].get("arn") == story.switched_arn and e is not switch]
    assert {key_of(event) for event in calls} == set(story.switched_keys)
    assert {created_of(event) for event in calls} == {switch["eventTime"]}
    assert not used(events, story.switched_issued_key)
    changed = [event for event in used(events, story.switched_key) if event["eventName"] == "PutBucketPolicy"]
    assert [event["requestParameters"]["bucketName"] for event in changed] == [story.policy_bucket]


def test_recycled_key(story: DemoStory, events: list[Record]) -> None:
    first, second = issuing(events, story.recycled_key)
    assert [made["eventTime"][11:19] for made in (first, second)] == ["19:36:15", "20:01:51"]
    arns = tuple(made["responseElements"]["assumedRoleUser"]["arn"] for made in (first, second))
    assert arns == story.recycled_sessions
    assert key_of(first) != key_of(second)
    sessions = {(e["userIdentity"]["arn"], created_of(e)) for e in used(events, story.recycled_key)}
    assert sessions == set(zip(arns, (first["eventTime"], second["eventTime"]), strict=True))


def test_key_left_behind(story: DemoStory, events: list[Record]) -> None:
    (made,) = issuing(events, story.persistence_key)
    assert (made["eventName"], key_of(made)) == ("CreateAccessKey", story.chain[2])
    calls = used(events, story.persistence_key)
    assert calls and all(made["eventTime"] < call["eventTime"] and created_of(call) is None for call in calls)
    assert {call["vpcEndpointId"] for call in calls} == {story.foreign_endpoint}
    assert {call["sourceIPAddress"] for call in calls} == {"10.20.4.17"}
    others = {event.get("vpcEndpointId") for event in events if event not in calls} - {None}
    assert others == set(story.own_endpoints)


def test_noise_has_the_shapes_that_mislead(events: list[Record]) -> None:
    by_service = [e for e in events if e["userIdentity"].get("type") == "AWSService"]
    assert {e["userIdentity"]["invokedBy"] for e in by_service} == {"ec2.amazonaws.com", "lambda.amazonaws.com"}
    assert all(list(event["responseElements"]) == ["credentials"] for event in by_service)
    forwarded = [event for event in events if event["eventName"] == "Decrypt"]
    assert forwarded and not any(issuing(events, str(key_of(event))) for event in forwarded)
    codes = Counter(event.get("errorCode") for event in events)
    assert codes["ThrottlingException"] and codes["Client.RequestLimitExceeded"]
    failed = [e for e in events if (e["responseElements"] or {}).get("ConsoleLogin") == "Failure"]
    assert len(failed) >= 5 and not any("errorCode" in event for event in failed)
    assert any("type" not in event["userIdentity"] for event in events)


def test_expirations_are_spelled_as_in_2021() -> None:
    assert spelled_out(at("20:42:56")) == "Aug 27, 2021 8:42:56 PM"
    assert spelled_out(at("00:05:06")) == "Aug 27, 2021 12:05:06 AM"
    assert spelled_out(at("12:00:00")) == "Aug 27, 2021 12:00:00 PM"


def test_tour_asks_about_the_story(story: DemoStory) -> None:
    steps = tour(story)
    assert [argv[1] for _, _, argv in steps[:5]] == [
        "identity-chain",
        "session-summary",
        "console-keys",
        "identity-chain",
        "identity-chain",
    ]
    for heading, explanation, argv in steps:
        assert heading and explanation.count(". ") <= 1
        assert argv[0] == "run" and argv[2:4] == ("--source", str(story.folder))
    asked = [argv[-1] for _, _, argv in steps]
    assert asked[0] == asked[1] == story.alert_key
    assert asked[2:5] == [story.console_arn, story.switched_key, story.recycled_key]


def test_walking_the_tour_shows_each_command_before_its_answer(story: DemoStory) -> None:
    stream = io.StringIO()
    folder = Path("demo logs")
    walk_tour(story, folder, stream, lambda argv: stream.write(f"answer to {argv[1]} {argv[3]}\n"))
    lines = stream.getvalue().splitlines()
    commands = [number for number, line in enumerate(lines) if line.startswith("$ sqlgen run ")]
    assert len(commands) == len(tour(story))
    for number in commands:
        assert "--source 'demo logs'" in lines[number]
        assert lines[number + 1] == f"answer to {lines[number].split()[3]} demo logs"
