"""The questions that the demo asks, in order; a newcomer reads them in a minute."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TextIO

from sqlgen.demo.story import DemoStory


class Step(NamedTuple):
    """One question: a heading, one or two sentences on it, and the arguments of `sqlgen` that answer it."""

    heading: str
    explanation: str
    argv: tuple[str, ...]


def tour(story: DemoStory, folder: Path | None = None) -> tuple[Step, ...]:
    """The steps of the demo over the files of `story`; `folder` is named in the commands instead of the story's own."""
    source = str(folder or story.folder)

    def run(query: str, *options: str) -> tuple[str, ...]:
        return ("run", query, "--source", source, *options)

    return (
        Step(
            "1. Who is behind the alert's key?",
            f"The alert names {story.alert_arn}, but {len(story.same_arn_keys) + 1} sessions had that name "
            "this afternoon: only the key tells them apart. Walked backwards, it leads to one person.",
            run("identity-chain", "--access-key", story.alert_key),
        ),
        Step(
            "2. What did they do?",
            "One line for each API call of that session; a refusal names its target in the message alone.",
            run("session-summary", "--access-key", story.alert_key),
        ),
        Step(
            "3. Which keys did dana's console session use?",
            "The web console makes a new key for nearly every page. "
            "They belong together by one thing: all were created at the second of her sign-in.",
            run("console-keys", "--arn", story.console_arn),
        ),
        Step(
            "4. Who opened the bucket?",
            f"A key of {story.switched_arn} changed a bucket's policy, and no event ever issued that key. "
            "Principal and time lead to the switch of role, and from there to the sign-in.",
            run("identity-chain", "--access-key", story.switched_key),
        ),
        Step(
            "5. One key, two people",
            "AWS gave this key id to two sessions within half an hour. Both are shown, each with its own start.",
            run("identity-chain", "--access-key", story.recycled_key),
        ),
        Step(
            "6. What did the attacker leave behind?",
            "A long-term key of another user, used through a VPC endpoint under an address that the attacker chose. "
            "It was made with a session of the same chain.",
            run("identity-chain", "--access-key", story.persistence_key),
        ),
    )


def walk_tour(story: DemoStory, folder: Path, stream: TextIO, run: Callable[[list[str]], object]) -> None:
    """Writes each step to `stream` with the command that answers it, then has `run` answer it.

    `run` takes the arguments of `sqlgen` and writes its answer to the same place; what it raises ends the tour.
    """
    from sqlgen.text import printable

    files, events = len(story.deliveries), story.events
    stream.write(f"{files} delivery files with {events} events of 2021-08-27 are in {printable(str(folder))}\n")
    for heading, explanation, argv in tour(story, folder):
        stream.write(f"\n{heading}\n{explanation}\n\n$ sqlgen {printable(shlex.join(argv))}\n")
        stream.flush()
        run(list(argv))
