"""Ctrl-C while Snowflake is asked, as a process meets it: the real connector against a server with answers by script."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.snowflake_home import write_connection
from tests.snowflake_stub import Answer, SnowflakeStub, snowflake_stub

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are sent otherwise")

PROGRAM = """
import sys
from sqlgen.profiles import Profile
from sqlgen.warehouses import open_warehouse

print("opening", flush=True)
warehouse = open_warehouse(Profile("p", "snowflake", "t", connection={"connection_name": "test"}))
try:
    with warehouse.query("SELECT 1", listen=lambda status: print(status.state, flush=True)) as rows:
        print(list(rows.rows))
except KeyboardInterrupt:
    print("interrupted", flush=True)
finally:
    warehouse.close()
"""


@pytest.fixture
def stub() -> Iterator[SnowflakeStub]:
    with snowflake_stub() as server:
        write_connection(server.port)
        yield server


def interrupt(until: str, is_ready: Callable[[], bool]) -> tuple[int, str, str]:
    """Run the program, send it Ctrl-C once it has said `until` and `is_ready`; return its status and its words.

    It ends before it would give something up: nothing that does not answer was waited for.
    """
    from sqlgen.warehouses.snowflake.warehouse import SECONDS_TO_STOP

    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1], env=os.environ | {"PYTHONPATH": "."},
    ) as process:  # fmt: skip
        assert process.stdout is not None
        said = ""
        while until not in said:
            line = process.stdout.readline()
            assert line, said
            said += line
        assert is_ready()
        begun = time.monotonic()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        assert time.monotonic() - begun < SECONDS_TO_STOP
        return process.returncode, said + out, err


def test_the_statement_is_stopped_in_the_warehouse(stub: SnowflakeStub) -> None:
    stub.answers = [Answer(states=["RUNNING..."])]
    status, out, err = interrupt("RUNNING", lambda: True)
    assert (status, err) == (0, "") and out.endswith("ABORTED\ninterrupted\n")
    assert stub.statements[0].is_aborted and stub.closed_sessions == 1


def test_a_connection_that_hangs_is_given_up(stub: SnowflakeStub) -> None:
    """It is interrupted when it waits for the server: before, the connector may still be loading."""
    stub.is_hanging = True
    status, _, err = interrupt("opening", lambda: stub.hangs.wait(60))
    assert status != 0 and err.splitlines()[-1] == "KeyboardInterrupt"
