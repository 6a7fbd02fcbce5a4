"""Prints docs/licences.md: the licence of every package in requirements/run.txt; fails for one not known as free."""

from __future__ import annotations

import re
import sys
from importlib.metadata import metadata
from pathlib import Path

ROOT = Path(__file__).parent.parent
FREE = (
    "MIT",
    "BSD",
    "Apache",
    "MPL",
    "PSF",
    "Python Software Foundation",
    "ISC",
    "HPND",
    "Unlicense",
    "Artistic",
    "LGPL",
)
HEAD = """# Licences of what deckgen needs

deckgen is under the MIT licence. Installing it installs these packages of others, each under its own licence.
`make licences` writes this page from the packages' own metadata; a test keeps it complete, and fails for a licence that
is not free.

| package | licence |
|---|---|
"""


def licence(package: str) -> str:
    """As the package names it: its expression, else its classifiers, else the first line of its text."""
    found = metadata(package)
    classifiers = [text.rpartition(" :: ")[2] for text in found.get_all("Classifier") or [] if "License ::" in text]
    named = found.get("License-Expression") or ", ".join(sorted(classifiers)) or (found.get("License") or "").strip()
    return named.splitlines()[0].strip() if named else ""


def main() -> int:
    pinned = re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements/run.txt").read_text("utf-8"), re.MULTILINE)
    rows = [(package, licence(package)) for package in sorted(pinned)]
    for package, name in rows:
        if not any(known.lower() in name.lower() for known in FREE):
            print(f"{package}: “{name}” is no licence known as free", file=sys.stderr)
    print(HEAD + "\n".join(f"| {package} | {name} |" for package, name in rows))
    return sum(not any(known.lower() in name.lower() for known in FREE) for _, name in rows)


if __name__ == "__main__":
    sys.exit(main())
