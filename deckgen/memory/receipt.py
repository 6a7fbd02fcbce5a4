"""What a build read, what it left and what it said, so that the next one can tell that nothing has changed.

It stands between a command and all that makes a build: it imports next to nothing, for that is what takes the time.
"""

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from deckgen.memory.seal import SEAL_BYTES, code_version, sealed_digest
from deckgen.project.layout import CACHE_DIR, LOCK_NAME, PARTIAL_DIR, is_skipped

Marks = Mapping[str, tuple[int, ...]]
"""Files as the file system knows them, by path: any writing changes a size, a time, above all that of change, or an
inode. A folder has no more than its name."""
Said = tuple[tuple[bool, str], ...]
"""What a build printed, in order, each text with whether it went to stderr."""

_MOST = 32
"""Receipts that a cache keeps, of as many ways of asking."""
_OF_GIT = ("HEAD", "config", "logs/HEAD")


class BuildPlace(NamedTuple):
    """Where a build works, and ``asked``, all that the command line and the terminal ask of it."""

    root: Path
    out: Path
    asked: str

    @property
    def file(self) -> str:
        """The receipt's path in the project, one for each way of asking, which nobody else can name."""
        asked = f"{os.path.realpath(self.out)}\0{self.asked}"
        return f"{CACHE_DIR}/receipt-{sealed_digest(asked.encode('utf-8', 'surrogateescape')).hex()}"


def recall(place: BuildPlace) -> Said | None:
    """What the last build here said, where this one would read the same files and leave those that are there."""
    with contextlib.suppress(OSError, ValueError):
        data = (place.root / place.file).read_bytes()
        if data[:SEAL_BYTES] != sealed_digest(data[SEAL_BYTES:]):
            return None
        state, until, said = json.loads(data[SEAL_BYTES:])
        if (until is None or time.time() < until) and state == _state(read_marks(place.root, place.out), place.out):
            return tuple((to_stderr, text) for to_stderr, text in said)
    return None


def keep(place: BuildPlace, read: Marks, said: Said, *, until: int | None) -> None:
    """Remembers a build. ``read`` are the marks of before; from ``until`` on, in seconds, it would say other things."""
    from deckgen.project.files import own_path, write_atomically  # whoever recalls has no time for it

    data = json.dumps([_state(with_lock(read, place.root), place.out), until, said]).encode()
    with contextlib.suppress(OSError):
        write_atomically(path := own_path(place.root, place.file), sealed_digest(data) + data)
        for old in sorted(path.parent.glob("receipt-*"), key=os.path.getmtime)[:-_MOST]:
            old.unlink()


def with_lock(read: Marks, root: Path) -> Marks:
    """The marks with that of deckgen.lock as it is now: a build reads it, and writes it itself."""
    path = str(root.resolve() / LOCK_NAME)
    return {**read, path: mark} if (mark := file_mark(path)) else read


def read_marks(root: Path, out: Path) -> Marks:
    """The marks of every file of a project but those of skipped folders and below ``out``, and of git's state."""
    folder = os.path.realpath(root)
    found = dict(_below(folder, os.path.realpath(out)))
    while not os.path.exists(git := os.path.join(folder, ".git")):
        if folder == (folder := os.path.dirname(folder)):
            return found
    paths = (os.path.join(git, name) for name in _OF_GIT)
    return found | {path: mark for path in paths if (mark := file_mark(path))}


def _below(root: str, out: str) -> Iterator[tuple[str, tuple[int, ...]]]:
    waiting = [root]
    while waiting:
        with contextlib.suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if not entry.is_dir(follow_symlinks=False):
                    yield entry.path, file_mark(entry.path) or ()
                elif not is_skipped(entry.name) and entry.path != out:
                    yield entry.path, ()
                    waiting.append(entry.path)


def _state(read: Marks, out: Path) -> str:
    """A digest of the code, of what is read, and of what lies in the build's folder, begun writings included."""
    left = {}
    with contextlib.suppress(OSError), os.scandir(out) as entries:
        for entry in entries:
            if entry.is_file() or entry.name == PARTIAL_DIR or entry.name.startswith("."):
                left[entry.name] = file_mark(entry.path)
    everything = (code_version(), sorted(read.items()), sorted(left.items()))
    return hashlib.blake2b(repr(everything).encode(), digest_size=20).hexdigest()


def file_mark(path: str | Path) -> tuple[int, ...] | None:
    """Size, times of writing and of change, and inode of a file; None where there is none."""
    with contextlib.suppress(OSError, ValueError):
        status = os.stat(path)
        return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino
    return None
