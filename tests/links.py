"""Dead links: every relative link of a Markdown file must lead to a file, and its #anchor to a heading; what the code and the texts of SQL
name of the documentation (`docs/rules.md §2`) must be there."""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
NAMED = re.compile(r"\b(docs/[a-z-]+\.md)(?: §(\d+))?")
SOURCES = ("sqlgen", "templates", "dialects", "tests")
HEADING = re.compile(r"^#+\s+(.*)$", re.MULTILINE)


def anchors(text: str) -> set[str]:
    """Return the anchors of a Markdown text's headings, as code hosts make them."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in HEADING.findall(text)}


def dead_links(path: Path) -> list[str]:
    """Return the relative links of `path` that lead nowhere."""
    dead = []
    for target in LINK.findall(path.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (path.parent / name).resolve() if name else path
        if not file.exists() or (
            anchor and file.suffix == ".md" and anchor not in anchors(file.read_text(encoding="utf-8"))
        ):
            dead.append(f"{path.relative_to(ROOT)}: {target}")
    return dead


def dead_names(path: Path) -> list[str]:
    """Return the pages and numbered sections that a source file names and that are not there."""
    dead = []
    for page, number in NAMED.findall(path.read_text(encoding="utf-8")):
        file = ROOT / page
        if not file.exists() or (number and f"\n## {number}. " not in file.read_text(encoding="utf-8")):
            dead.append(f"{path.relative_to(ROOT)}: {page}{number and f' §{number}'}")
    return dead


def main() -> int:
    """Print every dead link; return 1 if there is one."""
    files = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    dead = [link for path in files for link in dead_links(path)]
    sources = [path for name in SOURCES for path in (ROOT / name).rglob("*") if path.suffix in {".py", ".sql", ".toml"}]
    dead += [name for path in sources for name in dead_names(path)]
    files += sources
    print("\n".join(dead) or f"{len(files)} files, no dead link")
    return 1 if dead else 0


if __name__ == "__main__":
    sys.exit(main())
