"""Drafts that earlier runs got, so that nothing is paid for twice: a file with one JSON object per line."""

import hashlib
import json
import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from deckgen.translation.checks.pair import Pair

_SYNC_SECONDS = 1.0


class RememberedDrafts:
    """The drafts of one engine in the file ``path``; with ``fresh`` what earlier runs got does not count."""

    def __init__(self, path: Path, engine: str, *, fresh: bool = False) -> None:
        self._path = path
        self._engine = engine
        self._known = {} if fresh else dict(_read(path))
        self._synced = 0.0

    def get(self, pair: Pair) -> str:
        """The draft, empty where there is none."""
        return self._known.get(self._key(pair), "")

    def keep(self, drafts: Iterable[tuple[Pair, str]]) -> None:
        """Keeps them beyond the process at once and beyond a power cut after a second; an empty text takes one back."""
        if not (kept := {self._key(pair): text for pair, text in drafts}):
            return
        self._known |= kept
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8", newline="\n") as file:
            for key, text in kept.items():
                # A line begins with its end, since the last one of an earlier run may have been cut off.
                file.write("\n" + json.dumps({"key": key, "translation": text}, ensure_ascii=False))
            if time.monotonic() - self._synced > _SYNC_SECONDS:
                file.flush()
                os.fsync(file.fileno())
                self._synced = time.monotonic()

    def _key(self, pair: Pair) -> str:
        parts = (self._engine, pair.source_language, pair.language, pair.kind, pair.source)
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _read(path: Path) -> Iterator[tuple[str, str]]:
    """A line that was cut off in the middle does not count."""
    if not path.is_file():
        return
    for line in path.read_text(encoding="utf-8", errors="replace").split("\n"):
        try:
            row = json.loads(line)
            yield str(row["key"]), str(row["translation"])
        except (ValueError, KeyError, TypeError, RecursionError):
            continue
