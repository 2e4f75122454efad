"""Calls of the connector: its work is native code, where nobody would hear Ctrl-C, so each runs on a thread of its own."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from typing import TypeVar

Answer = TypeVar("Answer")

SECONDS_BETWEEN_LOOKS = 0.2
"""On Windows a wait without end hears nothing."""


def start(call: Callable[[], Answer]) -> Future[Answer]:
    """Begin a call and return its outcome to come; a process that ends does not wait for it."""
    outcome: Future[Answer] = Future()

    def work() -> None:
        try:
            outcome.set_result(call())
        except BaseException as error:
            outcome.set_exception(error)

    threading.Thread(target=work, daemon=True).start()
    return outcome


def outcome_of(started: Future[Answer], seconds: float | None = None) -> Answer:
    """Wait for a call and return its result; raises what it raised, TimeoutError when it takes longer than `seconds`, KeyboardInterrupt."""
    end = None if seconds is None else time.monotonic() + seconds
    while not started.done():
        if end is not None and time.monotonic() > end:
            raise TimeoutError
        wait([started], timeout=SECONDS_BETWEEN_LOOKS)
    return started.result()


def run(call: Callable[[], Answer], seconds: float | None = None) -> Answer:
    """Begin a call and wait for it."""
    return outcome_of(start(call), seconds)


@contextmanager
def stdout_kept_clean() -> Iterator[None]:
    """Let what native code prints (the address of a sign-in, where no browser opens) go to stderr: stdout is the answer's."""
    try:
        kept = os.dup(1)
    except OSError:  # there is no stdout
        yield
        return
    sys.stdout.flush()
    os.dup2(2, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
