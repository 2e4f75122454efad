"""Logs of a made-up incident, to try sqlgen on: `write_demo` writes them, `tour` asks the questions."""

from __future__ import annotations

from sqlgen.demo.story import DemoStory, write_demo
from sqlgen.demo.tour import Step, tour, walk_tour

__all__ = ["DemoStory", "Step", "tour", "walk_tour", "write_demo"]
