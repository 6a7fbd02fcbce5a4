"""File patterns such as ``source/**/*.md``, as settings write them; pure."""

from __future__ import annotations

import os
import re
from functools import lru_cache

_PARTS = re.compile(r"\*\*/|\*\*|\*|\?|\[!?\]?[^\]/]*\]|.", re.DOTALL)
_MEANING = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def is_pattern(text: str) -> bool:
    """Whether it is more than the path of one file."""
    return any(character in text for character in "*?[")


def matches(pattern: str, path: str) -> bool:
    """Whether a POSIX path fits: ``*`` stands for anything within a folder, ``**`` for folders too."""
    return _compiled(pattern.removeprefix("./")).fullmatch(path) is not None


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = (found[0] for found in _PARTS.finditer(pattern))
    return re.compile("".join(map(_translated, parts)), re.IGNORECASE if os.name == "nt" else re.NOFLAG)


def _translated(part: str) -> str:
    if len(part) > 1 and part.startswith("["):
        inner = part[1:-1].replace("\\", "\\\\")
        return f"[^{inner[1:]}]" if inner.startswith("!") else f"[{inner}]"
    return _MEANING.get(part, re.escape(part))
