"""How large a walk of the fold may be: logs of ever more issuances on a real Trino, each question against one full reading of the same table.

`make limits` prints a line a question: issuances, what was asked, rows, time as a multiple of a full reading (every column of `events`
counted), peak memory, or the engine's error. Of the first two logs, as large as a usual day's, all is asked six times and the quickest counts,
since Java compiles for the first few; of the others twice. What it finds stands in docs/engines.md.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from tests.bench.questions import Question
from tests.bench.timing import best_of, full_reading, timed, trino
from tests.engines.trino_server import TrinoServer
from tests.engines.trino_tables import CLOUDTRAIL, type_sql

SIZES = (10_000, 100_000, 300_000, 1_000_000, 3_000_000)
CHILDREN = 50_000
DEPTH = 100
LONG_TERM_KEY = "AKIA" + "7" * 16
TABLE = "hive.limits.log"


def key(number: str) -> str:
    return f"'ASIA' || lpad(CAST({number} AS VARCHAR), 16, '0')"


def principal(number: str) -> str:
    return f"'AROA' || lpad(CAST({number} AS VARCHAR), 17, '0') || ':deploy-' || CAST({number} AS VARCHAR)"


def arn(number: str) -> str:
    return f"'arn:aws:sts::111122223333:assumed-role/team-platform-deployment/deploy-' || CAST({number} AS VARCHAR)"


def time_of(number: str) -> str:
    return f"date_format(date_add('second', CAST({number} % 80000 AS BIGINT), TIMESTAMP '2023-07-10 00:00:00'), '%Y-%m-%dT%TZ')"


def events(count: int, caller: str, **more: str) -> str:
    """Return SELECT of `count` events as wide as real ones by the session with the number `caller`, an expression over `n`."""
    session = f"ROW(ROW('false', {time_of(caller)}), NULL, NULL, NULL)"
    identity = f"ROW('AssumedRole', {principal(caller)}, {arn(caller)}, '111122223333', NULL, {key(caller)}, NULL, NULL, {session})"
    values = {
        "eventversion": "'1.08'",
        "awsregion": "'us-east-1'",
        "sourceipaddress": "'198.51.100.' || CAST(n % 250 AS VARCHAR)",
        "useragent": "'aws-sdk-go-v2/1.30.3 os/linux lang/go#1.22.5 md/GOOS#linux md/GOARCH#amd64 api/sts#1.30.3'",
        "eventid": "CAST(uuid() AS VARCHAR)",
        "eventtype": "'AwsApiCall'",
        "recipientaccountid": "'111122223333'",
        "useridentity": identity,
        **more,
    }
    columns = ", ".join(
        f'CAST({values.get(name, "NULL")} AS {type_sql(kind)}) AS "{name}"' for name, kind in CLOUDTRAIL.items()
    )
    return (
        f"SELECT {columns} FROM (SELECT a * 1000 + b AS n FROM UNNEST(sequence(0, {max(count // 1000, 1) - 1})) AS t(a)"
        f" CROSS JOIN UNNEST(sequence(1, {min(count, 1000)})) AS u(b))"
    )


def issuances(count: int, caller: str, issued: str) -> str:
    """Return SELECT of `count` AssumeRole events that issued the sessions with the numbers `issued`."""
    return events(
        count,
        caller,
        eventsource="'sts.amazonaws.com'",
        eventname="'AssumeRole'",
        eventtime=time_of(issued),
        requestparameters="""'{"roleArn":"arn:aws:iam::111122223333:role/r","roleSessionName":"deploy"}'""",
        responseelements=f"""'{{"credentials":{{"accessKeyId":"' || {key(issued)} || '","expiration":"Jul 11, 2023, 11:00:00 PM"}},"""
        f""""assumedRoleUser":{{"assumedRoleId":"' || {principal(issued)} || '","arn":"' || {arn(issued)} || '"}}}}'""",
    )


def calls(count: int, caller: str) -> str:
    """Return SELECT of `count` events that issue nothing."""
    return events(
        count,
        caller,
        eventsource="'ec2.amazonaws.com'",
        eventname="'DescribeInstances'",
        eventtime=time_of("n"),
        readonly="'true'",
        requestparameters="""'{"maxResults":1000,"instancesSet":{"items":[{"instanceId":"i-' || to_hex(md5(to_utf8(CAST(n AS VARCHAR)))) || '"}]},'"""
        """ || '"filterSet":{"items":[{"name":"tag:team","valueSet":{"items":[{"value":"platform"},{"value":"payments"}]}}]}}'""",
    )


def of_a_user(count: int, forwarded: bool) -> str:
    """Return SELECT of `count` calls by a user's long-term key, or by services that went on from it, each in a session of its own."""
    session = f"ROW(ROW('false', {time_of('n * 40')}), NULL, NULL, NULL)"
    service, key_id = ("'cloudformation.amazonaws.com'", key("n")) if forwarded else ("NULL", f"'{LONG_TERM_KEY}'")
    who = f"'IAMUser', 'AIDA77777777777777777', 'arn:aws:iam::111122223333:user/deploy', '111122223333', {service}, {key_id}"
    identity = f"ROW({who}, 'deploy', NULL, {session if forwarded else 'NULL'})"
    return events(
        count,
        "n",
        useridentity=identity,
        eventsource="'ec2.amazonaws.com'",
        eventname="'DescribeInstances'",
        eventtime=time_of("n * 40" if forwarded else "n"),
        readonly="'true'",
    )


def walk(start: int | str, direction: str, max_depth: int = 16) -> Question:
    """Return the question of the chain of a key, or of the key with that number."""
    access_key = f"ASIA{start:016d}" if isinstance(start, int) else start
    asked = {"access_key": access_key, "direction": direction, "max_depth": max_depth}
    return Question("identity-chain", direction, asked)


@dataclass(frozen=True)
class Log:
    """A log by name: its rows as SELECTs, and what is asked of it."""

    name: str
    selects: tuple[str, ...]
    questions: tuple[Question, ...]
    rounds: int = 2


FAR = 900_000_000  # numbers of the keys of what is looked for, away from the others


def logs(sizes: tuple[int, ...]) -> Iterator[Log]:
    """Yield the logs: wide ones with a chain of ten in them, a hub, a chain as deep as a walk may go."""
    chain = issuances(10, f"({FAR} + n)", f"({FAR} + n + 1)")
    both = (walk(FAR + 11, "origin"), walk(FAR + 1, "derived"))
    usual = (calls(200_000, "(100000000 + n / 100)"), issuances(4_000, "(100000000 + n / 50)", "n"), chain)
    yield Log("200,000 calls, 4,000 issuances", usual, both, rounds=6)
    user = (of_a_user(200_000, forwarded=False), of_a_user(2_000, forwarded=True), chain)
    yield Log(
        "200,000 calls of one user, 2,000 services",
        user,
        (walk(1_000, "origin"), walk(LONG_TERM_KEY, "derived")),
        rounds=6,
    )
    for size in sizes:
        yield Log(f"{size:,} issuances", (issuances(size, "(100000000 + n / 50)", "n"), chain), both)
    hub = issuances(CHILDREN, f"({FAR} + 0 * n)", "n")
    yield Log(f"a hub of {CHILDREN:,} children", (hub,), (walk(FAR, "derived"), walk(CHILDREN, "origin")))
    deep = issuances(DEPTH, f"({FAR} + n)", f"({FAR} + n + 1)")
    ends = (walk(FAR + DEPTH + 1, "origin", DEPTH), walk(FAR + 1, "derived", DEPTH))
    yield Log(f"a chain of {DEPTH}", (deep,), ends)


def measure(server: TrinoServer, log: Log) -> Iterator[str]:
    """Yield a line of the table for each question asked of a log."""
    server.rows(f"DROP TABLE IF EXISTS {TABLE}")
    server.rows(f"CREATE TABLE {TABLE} WITH (format = 'JSON') AS {' UNION ALL '.join(log.selects)}")
    base = best_of(log.rounds, [partial(full_reading, server, "cloudtrail", TABLE)])[0].seconds
    for question in log.questions:
        sql = question.text("cloudtrail", TABLE)
        begun = time.monotonic()
        try:
            taken = best_of(log.rounds, [partial(timed, server, sql)])[0]
            told = f"{taken.rows} rows | {taken.seconds / base:.1f} x {base:.1f} s | {taken.megabytes:,.0f} MB"
        except Exception as error:  # whatever the engine says is the finding
            told = (
                f"{getattr(error, 'error_name', type(error).__name__)}: {str(getattr(error, 'message', error))[:200]}"
            )
        yield f"| {log.name} | {question.about} | {told} | {time.monotonic() - begun:.0f} s by the clock |"


def main(arguments: list[str]) -> int:
    """Print the table; arguments: other sizes than SIZES."""
    sizes = tuple(int(argument.replace("_", "")) for argument in arguments) or SIZES
    with trino() as server:
        server.rows("CREATE SCHEMA IF NOT EXISTS hive.limits")
        for log in logs(sizes):
            for line in measure(server, log):
                print(line, flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
