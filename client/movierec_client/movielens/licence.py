"""The licence of a data set, as the README beside it has it."""

import itertools
import re
from pathlib import Path

_MOST_BYTES = 1 << 20
_README = re.compile(r"README(\.txt)?", re.IGNORECASE)
_TITLE = "usage license"
_RULE = re.compile(r"={5,}\s*")


def readme_in(folder: Path) -> Path | None:
    """Returns the README of a data set, if it has one."""
    return next((path for path in sorted(folder.iterdir()) if _README.fullmatch(path.name)), None)


def licence_in(readme: Path) -> str:
    """Returns what stands under the README's heading "Usage License"; empty if nothing does."""
    with readme.open("rb") as file:
        lines = file.read(_MOST_BYTES).decode("utf-8", errors="replace").splitlines()
    headings = [
        index
        for index, (line, rule) in enumerate(itertools.pairwise(lines))
        if line.strip() and _RULE.fullmatch(rule)
    ]
    for start, end in zip(headings, [*headings[1:], len(lines)], strict=True):
        if lines[start].strip().lower() == _TITLE:
            return "\n".join(lines[start + 2 : end]).strip("\n")
    return ""
