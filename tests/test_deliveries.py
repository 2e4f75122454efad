"""Reading delivery files: every shape that they come in, and everything that can be wrong with them."""

from __future__ import annotations

import gzip
import json
import random
import tempfile
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sqlgen.deliveries import COLUMNS, FileReport, Progress, SpoolReport, find_deliveries, load, read_records, spool
from sqlgen.deliveries import read as reading
from sqlgen.deliveries import scan as scanning
from sqlgen.dialects import load_layout
from sqlgen.errors import SourceError
from sqlgen.text import printable


def record(number: int, **more: Any) -> dict[str, Any]:
    return {
        "eventVersion": "1.08",
        "userIdentity": {"type": "IAMUser", "accessKeyId": "AKIA1"},
        "eventTime": "2023-07-10T11:42:18Z",
        "eventSource": "s3.amazonaws.com",
        "eventName": "GetObject",
        "requestParameters": {"list": [{"a": 1}, {"b": "}, {"}]},
        "eventID": f"e{number}",
        **more,
    }


R = [json.dumps(record(number)).encode() for number in range(1, 6)]
R1, R2, R3 = R[:3]


def envelope(*records: bytes) -> bytes:
    return b'{"Records":[' + b",".join(records) + b"]}"


def read(path: Path) -> tuple[list[str], FileReport]:
    report = FileReport(path)
    return [json.loads(line, parse_int=str)["eventID"] for line in read_records(path, report)], report


def read_bytes(content: bytes, tmp_path: Path) -> tuple[list[str], FileReport]:
    path = tmp_path / "file.json"
    path.write_bytes(content)
    return read(path)


def load_bytes(content: bytes, tmp_path: Path) -> tuple[list[Any], SpoolReport]:
    path = tmp_path / "file.json"
    path.write_bytes(content)
    with duckdb.connect() as connection:
        report = load(connection, [str(path)])
        rows = connection.execute(
            "SELECT json_extract_string(eventID, '$') FROM delivery_records ORDER BY 1"
        ).fetchall()
    return [row[0] for row in rows], report


LOOKUP = json.dumps(
    {"Events": [{"EventId": "x", "CloudTrailEvent": R1.decode()}, {"EventId": "y", "CloudTrailEvent": R2.decode()}]}
).encode()
BRIDGE = [
    b'{"version":"0","id":"i","detail-type":"AWS API Call via CloudTrail","account":"1","detail":%s}' % each
    for each in R
]
PRETTY = json.dumps({"Records": [json.loads(R1), json.loads(R2)]}, indent=2).encode()

SHAPES = {
    "envelope": envelope(R1, R2),
    "envelope with more members": b'{"NextToken":"a\\"b","n":1,"Records":[' + R1 + b"," + R2 + b'],"after":{"x":[1]}}',
    "pretty-printed": PRETTY,
    "pretty-printed, Windows line ends": PRETTY.replace(b"\n", b"\r\n"),
    "byte order mark": b"\xef\xbb\xbf" + envelope(R1, R2),
    "JSON lines": R1 + b"\n" + R2 + b"\n",
    "JSON lines, empty lines and no last line end": b"\n" + R1 + b"\r\n\n" + R2,
    "envelope lines": envelope(R1) + b"\n" + envelope(R2) + b"\n",
    "envelopes on end": envelope(R1) + envelope(R2),
    "pretty-printed records on end": b"\n".join(json.dumps(record(n), indent=4).encode() for n in (1, 2)),
    "list": b"[" + R1 + b",\n" + R2 + b"]",
    "LookupEvents": LOOKUP,
    "LookupEvents, lines": b"\n".join(json.dumps(each).encode() for each in json.loads(LOOKUP)["Events"]),
    "EventBridge": b"\n".join(BRIDGE[:2]),
    "EventBridge list": b"[" + b",".join(BRIDGE[:2]) + b"]",
    "list of envelopes": b"[" + envelope(R1) + b"," + envelope(R2) + b"]",
    "gzip": gzip.compress(envelope(R1, R2)),
    "gzip members on end": gzip.compress(envelope(R1)) + gzip.compress(envelope(R2)),
    "gzip, padded": gzip.compress(envelope(R1, R2)) + bytes(1024),
    "doubled members": envelope(R1, R2[:-1] + b', "eventID": "e2", "\\u0065ventID": "e2", "x": 1, "x": 2}'),
    "numbers of any size": envelope(R1[:-1] + b',"requestParameters":{"a":1e400,"b":%s}}' % (b"9" * 5000), R2),
}


@pytest.mark.parametrize("content", SHAPES.values(), ids=SHAPES.keys())
def test_shapes(content: bytes, tmp_path: Path) -> None:
    found, report = read_bytes(content, tmp_path)
    assert (found, report.problems, report.records) == (["e1", "e2"], [], 2)
    assert load_bytes(content, tmp_path)[0] == found


def test_one_record_alone(tmp_path: Path) -> None:
    assert read_bytes(R1, tmp_path)[0] == ["e1"]
    assert read_bytes(BRIDGE[0], tmp_path)[0] == ["e1"]
    assert read_bytes(json.dumps(record(1), indent=2).encode(), tmp_path)[0] == ["e1"]


BROKEN: dict[str, tuple[bytes, list[str], list[tuple[int | None, int | None, str]]]] = {
    # content, what is read, the problems: record, lost, words of the reason
    "nothing in it": (b"{}", [], [(None, 0, "no record")]),
    "Records null": (b'{"Records":null}', [], [(None, 0, "null")]),
    "Records empty": (b'{"Records":[]}', [], []),
    "Records a number": (b'{"Records":7}', [], [(None, None, "a number")]),
    "empty": (b"", [], [(None, None, "empty")]),
    "blank": (b" \n", [], [(None, None, "empty")]),
    "empty gzip": (gzip.compress(b""), [], [(None, None, "empty")]),
    "digest": (b'{"awsAccountId":"1","digestS3Bucket":"b","logFiles":[]}', [], []),
    "text": (b"hello", [], [(None, None, "not JSON")]),
    "commas": (b",,", [], [(None, None, "not JSON")]),
    "binary": (bytes(range(256)), [], [(None, None, "not JSON")]),
    "junk elements": (
        envelope(R1, b"null", b"7", b'"x"', b"[1]", b"true", R2),
        ["e1", "e2"],
        [(2, 1, "null"), (3, 1, "a number"), (4, 1, "a text"), (5, 1, "a list"), (6, 1, "true")],
    ),
    "not a record": (envelope(R1, b'{"foo":1}', R2), ["e1", "e2"], [(2, 1, "not a CloudTrail record")]),
    "empty record": (envelope(R1, b"{}", R2), ["e1", "e2"], [(2, 1, "not a CloudTrail record")]),
    "malformed record": (envelope(R1, b'{"eventName":1 2}', R2), ["e1", "e2"], [(2, 1, "not valid JSON")]),
    "malformed number": (envelope(R1, b'{"eventName":01}', R2), ["e1", "e2"], [(2, 1, "not valid JSON")]),
    "NaN": (envelope(R1, b'{"eventName":NaN}', R2), ["e1", "e2"], [(2, 1, "NaN")]),
    "malformed junk": (envelope(R1, b"nul", R2), ["e1", "e2"], [(2, 1, "not valid JSON")]),
    "record without end": (envelope(R1, R2[:-30], R3), ["e1", "e3"], [(2, None, "not valid JSON")]),
    "truncated": (envelope(R1, R2, R3)[:-40], ["e1", "e2"], [(3, None, "cut off")]),
    "truncated between": (b'{"Records":[' + R1 + b",", ["e1"], [(None, None, "ends inside")]),
    "truncated gzip": (gzip.compress(envelope(R1, R2, R3), 0)[:-60], ["e1", "e2"], [(3, None, "cut off")]),
    "wrong checksum": (gzip.compress(envelope(R1))[:-8] + b"\1\2\3\4\5\6\7\x08", ["e1"], [(2, None, "damaged")]),
    "not really gzip": (b"\x1f\x8bhello", [], [(None, None, "damaged")]),
    "rubbish after gzip": (gzip.compress(envelope(R1)) + b"rubbish", ["e1"], [(None, 0, "no gzip data")]),
    "trailing garbage": (envelope(R1, R2) + b" garbage", ["e1", "e2"], [(None, 0, "no record")]),
    "trailing NULs": (envelope(R1, R2) + bytes(9), ["e1", "e2"], [(None, 0, "no record")]),
    "leading garbage": (b"garbage\n" + R1 + b"\n" + R2, ["e1", "e2"], [(1, None, "not valid JSON")]),
    "broken line": (R1 + b"\n" + R2[:-20] + b"\n" + R3, ["e1", "e3"], [(2, None, "not valid JSON")]),
    "junk line": (R1 + b"\n7\n" + R3, ["e1", "e3"], [(2, 1, "a number")]),
    "not UTF-8": (envelope(R1[:-1] + b',"userAgent":"\xff\xe2"}', R2), ["e1", "e2"], [(1, 0, "UTF-8")]),
    "not UTF-8, lines": (R1[:-1] + b',"userAgent":"\xc0\x80"}\n' + R2, ["e1", "e2"], [(1, 0, "UTF-8")]),
    "surrogate bytes": (envelope(R1[:-1] + b',"userAgent":"\xed\xa0\x80"}'), ["e1"], [(1, 0, "UTF-8")]),
    "lone surrogate": (envelope(R1[:-1] + b',"userAgent":"\\ud800"}', R2), ["e1", "e2"], [(1, 0, "not allow")]),
    "low surrogate": (envelope(R1, R2[:-1] + b',"userAgent":"\\udc00x"}'), ["e1", "e2"], [(2, 0, "not allow")]),
    "NUL byte": (envelope(R1[:-1] + b',"userAgent":"a\0b"}', R2), ["e1", "e2"], [(1, 0, "not allow")]),
    "line end in a text": (envelope(R1[:-1] + b',"userAgent":"a\nb"}', R2), ["e1", "e2"], [(1, 0, "not allow")]),
    "too deep": (
        envelope(R1, R2[:-1] + b',"requestParameters":' + b"[" * 99999 + b"]" * 99999 + b"}", R3),
        ["e1", "e3"],
        [(2, 1, "too deeply")],
    ),
    "text of LookupEvents": (
        b'{"Events":[{"CloudTrailEvent":"{"},{"CloudTrailEvent":7},{"CloudTrailEvent":%s}]}'
        % json.dumps(R1.decode()).encode(),
        ["e1"],
        [(1, 1, "not JSON"), (2, 1, "a number")],
    ),
    "members after a broken record": (
        b'{"Records":[' + R1 + b',{"eventName":01},' + R2 + b'],"x":{"y":[1]},"z":2}',
        ["e1", "e2"],
        [(2, 1, "not valid JSON")],
    ),
    "no end": (envelope(R1, R2)[:-1], ["e1", "e2"], [(None, 0, "follows the list")]),
    "two broken records": (
        envelope(R1, b'{"eventName":01}', b'{"eventName":02}', R2),
        ["e1", "e2"],
        [(2, 1, "not valid"), (3, 1, "not valid")],
    ),
}


@pytest.mark.parametrize(("content", "expected", "problems"), BROKEN.values(), ids=BROKEN.keys())
def test_broken(
    content: bytes, expected: list[str], problems: list[tuple[int | None, int | None, str]], tmp_path: Path
) -> None:
    found, report = read_bytes(content, tmp_path)
    assert found == expected
    assert [(each.record, each.lost) for each in report.problems] == [each[:2] for each in problems], report.problems
    for problem, (_, _, words) in zip(report.problems, problems, strict=True):
        assert words in problem.reason
        assert str(problem).startswith(str(report.path)) and "\n" not in str(problem)
    if expected:
        assert load_bytes(content, tmp_path)[0] == expected


def test_a_damaged_gzip_gives_all_before_the_damage(tmp_path: Path) -> None:
    luck = random.Random(7)  # what is damaged by chance may be read as an event that never was, and is reported too
    content = bytearray(
        gzip.compress(envelope(*(json.dumps(record(n, x=luck.randbytes(40).hex())).encode() for n in range(500))))
    )
    content[len(content) // 2 :] = b"\xff" * (len(content) // 2)
    found, report = read_bytes(bytes(content), tmp_path)
    assert len(found) > 200
    assert found == [f"e{number}" for number in range(len(found))]
    assert [problem.lost for problem in report.problems] == [None]


@pytest.mark.parametrize("depth", [200, 600, *range(955, 1005, 2)])
def test_any_depth_is_read_or_reported(depth: int, tmp_path: Path) -> None:
    deep = R1[:-1] + b',"requestParameters":' + b"[" * depth + b"]" * depth + b"}"
    for each in (deep, b"{\n" + deep[1:]):
        for content in (envelope(each, R2), each + b"\r\n" + R2, b"[" + each + b"," + R2 + b"]"):
            found, report = load_bytes(content, tmp_path)
            assert found in (["e1", "e2"], ["e2"])
            assert bool(report.problems) == (found == ["e2"])


def test_many_problems_of_a_file_are_summed(tmp_path: Path) -> None:
    found, report = read_bytes(envelope(R1, *[b"null"] * 1000, R2), tmp_path)
    assert found == ["e1", "e2"]
    assert len(report.problems) == 21
    assert sum(problem.lost or 0 for problem in report.problems) == 1000
    assert "980 more" in str(report.problems[-1])


def test_members_of_a_broken_record_are_no_records(tmp_path: Path) -> None:
    planted = b'{"eventName":"A","eventSource":"x","eventID":"planted"}'
    found, _ = read_bytes(envelope(R1, b'{"eventName":"B" "requestParameters":{"a":[%s,{}]}}' % planted, R2), tmp_path)
    assert found == ["e1", "e2"]


@pytest.mark.parametrize("form", ["envelope", "lines", "list", "pretty"])
@pytest.mark.parametrize("flaw", [b"", b'{"eventName":01}', b'{"eventName":"x'])
def test_large_files_in_parts(form: str, flaw: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "WHOLE", 20_000)
    monkeypatch.setattr(scanning, "LOOKAHEAD", 4_000)
    monkeypatch.setattr(scanning, "_MOST", 64_000)
    indent = 1 if form == "pretty" else None
    records = [
        json.dumps(record(number, userAgent="ä" * 50), indent=indent, ensure_ascii=False).encode()
        for number in range(2000)
    ]
    if flaw:
        records[1000] = flaw
    content = {"lines": b"\n".join(records), "list": b"[" + b",".join(records) + b"]"}.get(form, envelope(*records))
    path = tmp_path / "file.json"
    path.write_bytes(content)
    monkeypatch.setattr("sqlgen.deliveries.unpack._READ", 7_001)  # pieces end inside characters
    found, report = read(path)
    wanted = [f"e{number}" for number in range(2000) if not flaw or number != 1000]
    assert found == wanted
    assert [problem.record for problem in report.problems] == ([1001] if flaw else [])


junk = st.one_of(
    st.binary(max_size=60),
    st.text('{}[]",:\\ \nnulltrue019.eE+-\0', max_size=40).map(str.encode),
    st.sampled_from([R3[:cut] for cut in range(0, len(R3), 7)]),
)


@settings(max_examples=400, deadline=None)
@given(junk, st.sampled_from(["envelope", "lines", "list"]), st.booleans())
def test_good_records_before_any_bytes_survive(between: bytes, form: str, packed: bool) -> None:
    content = {
        "envelope": b'{"Records":[' + R1 + b"," + R2 + b"," + between + b"," + R3 + b"]}",
        "list": b"[" + R1 + b"," + R2 + b"," + between + b"," + R3 + b"]",
        "lines": R1 + b"\n" + R2 + b"\n" + between + b"\n" + R3,
    }[form]
    with tempfile.TemporaryDirectory() as name:
        found, report = load_bytes(gzip.compress(content) if packed else content, Path(name))
    assert [each for each in found if each in ("e1", "e2")] == ["e1", "e2"]
    assert "e3" in found or report.problems


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_never_raise(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as name:
        for each in (content, b"\x1f\x8b" + content, b"{" + content, b'{"Records":[' + content):
            found, report = read_bytes(each, Path(name))
            assert found or report.problems or report.skipped


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.dictionaries(st.sampled_from(sorted(COLUMNS)), values, max_size=6), min_size=1, max_size=5),
    st.booleans(),
)
def test_what_is_read_is_what_stood_there(records: list[dict[str, Any]], pretty: bool) -> None:
    records = [{**each, "eventName": str(number)} for number, each in enumerate(records)]
    with tempfile.TemporaryDirectory() as name, duckdb.connect() as connection:
        path = Path(name, "a.json")
        path.write_text(json.dumps({"Records": records}, indent=1 if pretty else None), encoding="utf-8")
        load(connection, [str(path)])
        cursor = connection.execute("SELECT * FROM delivery_records ORDER BY eventName")
        names = [column[0] for column in cursor.description or ()]
        rows = cursor.fetchall()
    assert names == list(COLUMNS)
    for row, expected in zip(rows, records, strict=True):
        got = {key: json.loads(value) for key, value in zip(names, row, strict=True) if value is not None}
        assert got == {key: value for key, value in expected.items() if value is not None}


def test_the_kind_of_a_value_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(
        envelope(
            *(
                b'{"eventName":"x","readOnly":%s}' % each
                for each in (b"true", b'"true"', b"[1]", b'"[1]"', b"12", b'""', b"null")
            )
        )
    )
    with duckdb.connect() as connection:
        load(connection, [str(path)])
        found = connection.execute(
            "SELECT CAST(readOnly AS VARCHAR), json_type(readOnly) FROM delivery_records"
        ).fetchall()
    assert sorted(found, key=str) == sorted(
        [
            ("true", "BOOLEAN"),
            ('"true"', "VARCHAR"),
            ("[1]", "ARRAY"),
            ('"[1]"', "VARCHAR"),
            ("12", "UBIGINT"),
            ('""', "VARCHAR"),
            (None, None),
        ],
        key=str,
    )


def test_the_layout_reads_these_columns() -> None:
    assert dict(load_layout("duckdb", "files").columns) == dict(COLUMNS)


def test_a_long_record_is_taken(tmp_path: Path) -> None:
    content = envelope(R1[:-1] + b',"requestParameters":"' + b"x" * 20_000_000 + b'"}', R2)
    assert load_bytes(content, tmp_path)[0] == ["e1", "e2"]


# --- which files


def write(path: Path, *records: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(envelope(*records)) if path.suffix == ".gz" else envelope(*records))
    return path


@pytest.fixture
def bucket(tmp_path: Path) -> Path:
    logs = tmp_path / "AWSLogs" / "111111111111"
    write(logs / "CloudTrail/us-east-1/2023/07/10/111111111111_CloudTrail_us-east-1_20230710T1145Z_a.json.gz", R1)
    write(logs / "CloudTrail-NetworkActivity/us-east-1/111111111111_CloudTrail-NetworkActivity_us-east-1_b.json.gz", R2)
    write(logs / "CloudTrail-Digest/us-east-1/111111111111_x.json.gz", R3)
    write(logs / "CloudTrail-Insight/us-east-1/x.json.gz", R3)
    write(logs / "CloudTrail-Aggregated/us-east-1/x.json.gz", R3)
    write(logs / "CloudTrail/111111111111_CloudTrail-Digest_us-east-1.json.gz", R3)
    (logs / "CloudTrail/notes.txt").write_text("x")
    return tmp_path


@pytest.mark.parametrize("pattern", [".", "AWSLogs/", "**/*.json.gz", "AWSLogs/*", "**", "AWSLogs/**/CloudTrail*"])
def test_siblings_are_skipped(pattern: str, bucket: Path) -> None:
    found = {path.name.rpartition("_")[2] for path in find_deliveries([f"{bucket}/{pattern}"])}
    assert found == {"a.json.gz", "b.json.gz"}


def test_a_sibling_that_is_named_is_taken(bucket: Path) -> None:
    named = bucket / "AWSLogs/111111111111/CloudTrail/111111111111_CloudTrail-Digest_us-east-1.json.gz"
    assert find_deliveries([str(named)]) == [named]


def test_each_file_once_and_sorted(tmp_path: Path) -> None:
    b, a = write(tmp_path / "b.json", R1), write(tmp_path / "a.json", R2)
    (tmp_path / "link.json").symlink_to(a)
    (tmp_path / "loop").symlink_to(tmp_path)
    sources = [str(tmp_path), f"{tmp_path}/", str(b), f"{tmp_path}/*.json", f"{tmp_path}/../{tmp_path.name}/a.json"]
    assert find_deliveries(sources) == [a, b]
    with duckdb.connect() as connection:
        assert load(connection, [str(tmp_path), str(tmp_path)]).records == 2


def test_suffixes(tmp_path: Path) -> None:
    names = [
        "a.json",
        "a.json.gz",
        "a.jsonl",
        "a.ndjson",
        "a.jsonl.gz",
        "a.ndjson.gz",
        "A.JSON",
        "a.csv",
        "a.gz",
        "json",
    ]
    for name in names:
        write(tmp_path / name, R1)
    assert {path.name for path in find_deliveries([str(tmp_path)])} == set(names) - {"a.csv", "a.gz", "json"}
    assert find_deliveries([str(tmp_path / "a.csv")]) == find_deliveries([f"{tmp_path}/*.csv"]) == [tmp_path / "a.csv"]


def test_a_literal_name_wins_over_its_glob(tmp_path: Path) -> None:
    odd = write(tmp_path / "[ab].json", R1)
    write(tmp_path / "a.json", R2)
    assert find_deliveries([str(odd)]) == [odd]
    assert find_deliveries([f"{tmp_path}/[a].json"]) == [tmp_path / "a.json"]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("gone.json", "does not exist"),
        ("gone/*.json", "matches"),
        ("empty", "holds no CloudTrail delivery"),
        ("digests", "only digests"),
        ("dangling.json", "a link to nothing"),
        ("go\x1b2Jne", "go\\x1b2Jne does not exist"),
    ],
)
def test_nothing_there(source: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    write(tmp_path / "digests/CloudTrail-Digest/x.json", R1)
    (tmp_path / "dangling.json").symlink_to("nothing")
    with pytest.raises(SourceError) as caught:
        find_deliveries([str(tmp_path / source)])
    assert words in str(caught.value) and "\n" not in str(caught.value)


def test_the_empty_path_is_refused() -> None:
    for source in ("", "a\0b"):
        with pytest.raises(SourceError):
            find_deliveries([source])


# --- spooling and loading


def test_a_broken_file_does_not_stop_the_rest(tmp_path: Path) -> None:
    write(tmp_path / "a.json", R1)
    (tmp_path / "b\n\x1b[2J\u202e.json").write_bytes(b"\xff\xfe broken")
    (tmp_path / "c.json.gz").write_bytes(envelope(R2))  # plain under a gz name
    (tmp_path / "d.json").write_bytes(b'{"digestS3Bucket":"x"}')
    with duckdb.connect() as connection:
        report = load(connection, [str(tmp_path)])
        assert connection.execute("SELECT count(*) FROM delivery_records").fetchall() == [(2,)]
    assert (report.files, report.records, report.skipped) == (3, 2, 1)
    (problem,) = report.problems
    assert str(problem) == (
        f"{tmp_path}/b\\x0a\\x1b[2J\\u202e.json: not JSON: no CloudTrail record can be found in it (an unknown number of records lost)"
    )


def test_nothing_but_broken_files_is_an_error(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.json").write_bytes(b"broken")
    with duckdb.connect() as connection, pytest.raises(SourceError, match=r"nothing could be read.*a\.json.*1 more"):
        load(connection, [str(tmp_path)])


def test_files_without_a_record_are_an_answer(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b'{"Records":[]}')
    with duckdb.connect() as connection:
        assert load(connection, [str(tmp_path)]).records == 0
        assert connection.execute("SELECT count(*) FROM delivery_records").fetchall() == [(0,)]


def test_a_file_that_vanishes_is_reported(tmp_path: Path) -> None:
    report = spool([write(tmp_path / "a.json", R1), tmp_path / "gone.json"], tmp_path)
    assert report.records == 1
    assert "gone.json: cannot be read: No such file" in str(report.problems[0])


def test_progress(tmp_path: Path) -> None:
    told: list[Progress] = []
    for name in ("a", "b"):
        write(tmp_path / f"{name}.json.gz", R1, R2)
    report = spool(find_deliveries([str(tmp_path)]), tmp_path, progress=told.append)
    assert told[-1] == Progress(2, 2, report.bytes, report.bytes, 4)
    assert report.bytes == sum(path.stat().st_size for path in tmp_path.glob("*.gz"))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text", "plain text"),
        ("Ünïcödé 日本語 عربي", "Ünïcödé 日本語 عربي"),
        ("a\n\t\x1b[31m\x7f\x9b", "a\\x0a\\x09\\x1b[31m\\x7f\\x9b"),
        ("\u202e\u2066\u200f\u2028\ufeff", "\\u202e\\u2066\\u200f\\u2028\\ufeff"),
        ("\udcff\U000e0041", "\\udcff\\U000e0041"),
        ("👩\u200d💻 ❤️\u200d🔥 👩🏽\u200d🚀", "👩\u200d💻 ❤️\u200d🔥 👩🏽\u200d🚀"),
        ("pay\u200dpal", "pay\\u200dpal"),
        ("\u200d", "\\u200d"),
    ],
)
def test_printable(text: str, shown: str) -> None:
    assert printable(text) == shown
