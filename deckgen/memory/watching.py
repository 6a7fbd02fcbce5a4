"""Waits for the files of a project to change: the only module that imports watchfiles."""

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path, PurePath

from deckgen.memory.receipt import Marks, read_marks, with_lock
from deckgen.memory.store import Memory
from deckgen.project.layout import is_skipped
from deckgen.project.reading import READ_SUFFIXES

_GATHER_MS, _STEP_MS = 60, 20
"""For how long, at most, changes that follow one another are taken for one, and the pause that ends them."""
_LOOK_MS = 500
"""After which the files are looked at anyway: not every file system tells of what others write into it."""


def look(root: Path, *, without: Path) -> Marks:
    """The marks of every file that a build may read, those below ``without`` left out."""
    marks = read_marks(root, without)
    return {path: mark for path, mark in marks.items() if PurePath(path).suffix.lower() in READ_SUFFIXES}


class Watch:
    """Yields at once, and again after every change, until ``stop`` is set or a KeyboardInterrupt comes.

    What changes while whoever asks is at work is a change, too. What a build took from the memory is at hand in the
    next one.
    """

    def __init__(self, root: Path, without: Path, stop: threading.Event) -> None:
        self._root, self._without, self._stop = root, without, stop
        self._seen: Marks | None = None

    def __iter__(self) -> Iterator[None]:
        news = _news(self._root, self._stop)
        Memory.latest = {}
        try:
            while not self._stop.is_set():
                now = look(self._root, without=self._without)
                if now != self._seen:
                    self._seen = now
                    Memory.earlier, Memory.latest = Memory.latest or {}, {}
                    yield
                next(news, None)
        finally:
            Memory.earlier, Memory.latest = {}, None

    def own_lock(self) -> None:
        """What deckgen.lock is now was made by whoever asks: that is no change."""
        self._seen = with_lock(self._seen or {}, self._root)


def _news(root: Path, stop: threading.Event) -> Iterator[object]:
    """Ends each pause: when something may have changed, or when it is time to look."""
    from watchfiles import watch  # whose import takes longer than a build that changes nothing

    def is_read(_: object, path: str) -> bool:
        folders = PurePath(path).parent.parts[len(base.parts) :]
        return not any(map(is_skipped, folders))

    base = root.resolve()
    with contextlib.suppress(OSError, RuntimeError):  # where the system watches no more files
        yield from watch(
            base,
            watch_filter=is_read,
            debounce=_GATHER_MS,
            step=_STEP_MS,
            rust_timeout=_LOOK_MS,
            yield_on_timeout=True,
            stop_event=stop,
            ignore_permission_denied=True,
        )
    while not stop.wait(_LOOK_MS / 1000):
        yield None
