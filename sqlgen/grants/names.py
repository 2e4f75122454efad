"""Names that rights are granted on: what is known of them, and markers for what is not."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from sqlgen.tree import table_node

SLOT = re.compile(r"\{(\w+)\}")


@dataclass
class Names:
    """Values by name, several where a name stands for several. `options`: which option gives a name, where it has another name.

    `missing`: the markers that were given out, with the options that fill them in.
    """

    known: dict[str, tuple[str, ...]]
    options: dict[str, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)

    def one(self, name: str) -> str | None:
        """Return the value of a name, None where it is not known."""
        return self.known.get(name, (None,))[0]

    def put(self, name: str, value: str | None, option: str) -> None:
        """Take down a name and the option that it comes from; a name that is not known stays so."""
        self.options[name] = option
        if value:
            self.known[name] = (value,)

    def default(self, name: str, value: str) -> None:
        """Take down a value where none is known."""
        self.known.setdefault(name, (value,))

    def part_table(self, *parts: str) -> None:
        """Take the name of the log's table apart: `parts` are what stands before its last part, from the left.

        That of the scheduled table (`edges`), where there is one, likewise; what it does not say is as of the log's.
        """
        node = table_node(self.known["table"][0]) if "table" in self.known else None
        found = [node.catalog, node.db][-len(parts) :] if node is not None else [""] * len(parts)
        for part, value in zip(parts, found, strict=True):
            self.put(part, value, "table")
        self.put("table", node.name if node is not None else None, "table")
        if "edges" in self.known:
            edges = table_node(self.known["edges"][0])
            for part, value in zip(parts, [edges.catalog, edges.db][-len(parts) :], strict=True):
                self.put(f"edges_{part}", value or self.one(part), "table")
            self.put("edges", edges.name, "edges")

    def filled(self, text: str) -> list[str]:
        """Return `text` with its `{slots}` filled in: once for each value, where a slot stands for several."""
        slots = SLOT.findall(text)
        several = next((name for name in slots if len(self.known.get(name, ())) > 1), None)
        if several is not None:
            return [one for value in self.known[several] for one in self.filled(text.replace(f"{{{several}}}", value))]
        return [SLOT.sub(lambda slot: self.text(slot[1]), text)]

    def text(self, name: str) -> str:
        """Return the value of a name, or a marker."""
        value = self.one(name)
        if value is not None:
            return value
        marker = f"<{name.upper()}>"
        self.missing[marker] = self.options.get(name, name).replace("_", "-")
        return marker
