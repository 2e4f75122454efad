"""`make bench`: the questions over an organisation's afternoon, on the embedded engine and on Trino.

Each is measured beside one reading of the same log in the same run, since machines differ and are noisy: on Trino every column of `events`
counted (processor time, bytes, memory at the peak), on the embedded engine gzip and JSON of Python's standard library (time by the clock,
the largest size of the process). All are asked in turn, three times, of Trino six times, since Java compiles for the first few; the quickest
of each counts. Where the real logs are at hand, the walks are also asked of one. An argument is another number of copies of the demo's two
accounts.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from sqlgen.demo.deliveries import write_deliveries
from tests.bench.organization import Organization, copy_of, organization, repeated
from tests.bench.questions import Question, questions, walks
from tests.bench.timing import Taken, best_of, full_reading, timed, trino
from tests.engines.trino_server import TrinoServer
from tests.engines.trino_tables import Layout, load_cloudtrail
from tests.logs import Record, read_logs, real_logs, source

COPIES = 150
ROUNDS = 3
TRINO_ROUNDS = 6
LAYOUTS: tuple[Layout, ...] = ("cloudtrail", "security-lake")
REAL = "invictus-aws-dataset"
"""Where it is at hand, a real log over and over: three quarters of it are calls by one user's long-term key, which cost a walk the most."""
REAL_COPIES = 60
REAL_ACCOUNT = "123837392027"
REAL_KEYS = ("ASIATFQR7NSCWLLE7IWW", "AKIATFQR7NSC8Q4X20BJ")
PLAIN_READING = """
import gzip, json, sys
from pathlib import Path
for path in Path(sys.argv[1]).rglob("*.json.gz"):
    json.loads(gzip.decompress(path.read_bytes()))
"""
MEASURE = """
import resource, subprocess, sys, time
begun = time.monotonic()
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(time.monotonic() - begun, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
"""Between us and the process that is measured: Linux counts what its parent held when it began."""


def process(command: Sequence[str]) -> Taken:
    """Run a process to its end and return its time by the clock and its largest size.

    Raises:
        CalledProcessError: it failed.
    """
    measured = [sys.executable, "-c", MEASURE, *command]
    told = subprocess.run(measured, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    seconds, kilobytes = told.split()
    return Taken(float(seconds), 0, int(kilobytes) * 1024 / 1e6, 0)


def options(question: Question) -> Iterator[str]:
    """Yield a question's parameters as the command line takes them."""
    for name, value in question.parameters.items():
        for one in value if isinstance(value, list) else [value]:
            yield from (f"--{name.replace('_', '-')}", str(one))


def on_the_embedded_engine(log: Organization) -> Iterator[str]:
    """Yield what was read, then a line a question, over delivery files."""
    with tempfile.TemporaryDirectory(prefix="sqlgen-bench-") as scratch:
        folder, out = Path(scratch) / "logs", Path(scratch) / "answer.csv"
        files = write_deliveries(list(log.records), folder)
        size = sum(file.stat().st_size for file in files) / 1e6
        commands = [[sys.executable, "-c", PLAIN_READING, str(folder)]]
        for question in questions(log):
            asked = [question.query, "--source", str(folder), *options(question), "--format", "csv", "-o", str(out)]
            commands.append([sys.executable, "-m", "sqlgen", "run", *asked])
        base, *answers = best_of(ROUNDS, [partial(process, command) for command in commands])
    yield f"{len(log.records):,} events in {len(files):,} files of {size:.0f} MB, read by Python alone: {base.seconds:.1f} s"
    for question, taken in zip(questions(log), answers, strict=True):
        yield f"| {question.query} | {question.about} | {taken.seconds / base.seconds:.1f} x | {taken.megabytes:.0f} MB |"


def on_trino(
    server: TrinoServer, records: Sequence[Record], asked: Sequence[Question], layout: Layout, name: str
) -> Iterator[str]:
    """Yield what was read, then a line a question, over a table of this layout."""
    load_cloudtrail(server, records, layout=layout, schema="bench", table=name)
    table = f"hive.bench.{name}"
    texts = [question.text(layout, table) for question in asked]
    asks = [partial(full_reading, server, layout, table), *(partial(timed, server, text) for text in texts)]
    base, *answers = best_of(TRINO_ROUNDS, asks)
    yield (
        f"{name}: {len(records):,} events, {base.bytes / 1e6:.0f} MB,"
        f" one reading of every column: {base.seconds:.1f} s of processor time"
    )
    for question, taken in zip(asked, answers, strict=True):
        yield (
            f"| {question.query} | {question.about} | {taken.rows:,} | {taken.seconds / base.seconds:.1f} x"
            f" | {taken.bytes / base.bytes:.2f} | {taken.megabytes:.0f} MB |"
        )


def tables(log: Organization) -> Iterator[tuple[Sequence[Record], Sequence[Question], Layout, str]]:
    """Yield what Trino is asked: records, questions, the layout and name of a table; of the real log the walks, where it is at hand."""
    for layout in LAYOUTS:
        yield log.records, list(questions(log)), layout, layout.replace("-", "_")
    for path in real_logs():
        if source(path) == REAL:
            keys = (copy_of(key, REAL_COPIES // 2, ()) for key in REAL_KEYS)
            yield repeated(read_logs([path]), REAL_COPIES, [REAL_ACCOUNT]), list(walks(*keys)), "cloudtrail", "real"


def main(arguments: list[str]) -> int:
    """Print the tables; argument: how many copies of the demo, in place of COPIES."""
    log = organization(int(arguments[0]) if arguments else COPIES)
    for line in on_the_embedded_engine(log):
        print(line, flush=True)
    with trino() as server:
        for records, asked, layout, name in tables(log):
            for line in on_trino(server, records, asked, layout, name):
                print(line, flush=True)
    if REAL not in map(source, real_logs()):
        print(f"{REAL} is not at hand: the walks were not asked of a real log")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
