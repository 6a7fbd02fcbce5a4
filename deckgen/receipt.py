"""What a build read, what it left and what it said, so that the next one can tell that nothing has changed."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from deckgen.diagnostics import Diagnostic
from deckgen.memory import Codec, Memory

_OF_GIT = ("HEAD", "config", "logs/HEAD")


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Mark:
    """A file as the file system knows it: any writing changes one of these, the time of change above all."""

    path: str
    size: int
    modified_ns: int
    changed_ns: int
    inode: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What a build has to say: its findings, then tables and lines."""

    diagnostics: tuple[Diagnostic, ...]
    tables: tuple[Table, ...] = ()
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """``read`` and ``left`` are the project's files and the build's: a build that finds both has no work."""

    read: tuple[Mark, ...]
    left: tuple[Mark, ...]
    account: Account


_CODEC = Codec(Receipt)


def recall(memory: Memory, key: bytes, read: tuple[Mark, ...]) -> Account | None:
    """What the last build with this key said, where it read the same files and what it left is still there."""
    found = memory.recall([key]).get(key)
    if found is None:
        return None
    try:
        receipt = _CODEC.decode(found)
    except ValueError:
        return None
    if receipt.read != read or receipt.left != marks(mark.path for mark in receipt.left):
        return None
    return receipt.account


def keep(
    memory: Memory, key: bytes, read: tuple[Mark, ...], written: Path, left: Iterable[Path], said: Account
) -> None:
    """Remembers a build. ``read`` are the marks of before; ``written`` is the one of these files that it may write."""
    fresh = {mark.path: mark for mark in marks([str(written)])}
    known = (*(mark for mark in read if mark.path not in fresh), *fresh.values())
    receipt = Receipt(read=tuple(sorted(known)), left=marks(str(path) for path in left), account=said)
    memory.keep({key: _CODEC.encode(receipt)})


def project_marks(root: Path, *, without: Path, is_skipped: Callable[[str], bool]) -> tuple[Mark, ...]:
    """The marks of every file of a project but those of skipped folders and below ``without``, and of git's state."""
    left_out = without.resolve()
    paths: list[str] = []
    for folder, names, files in os.walk(root.resolve()):
        names[:] = [name for name in names if not is_skipped(name) and Path(folder, name) != left_out]
        paths += (f"{folder}{os.sep}{name}" for name in files)
    git = next(
        (above / ".git" for above in (root.resolve(), *root.resolve().parents) if (above / ".git").exists()), None
    )
    paths += (str(git / name) for name in _OF_GIT) if git else ()
    return marks(paths)


def marks(paths: Iterable[str]) -> tuple[Mark, ...]:
    """The marks of those of the files that are there, in order."""
    return tuple(sorted(mark for path in paths if (mark := _mark(path))))


def _mark(path: str) -> Mark | None:
    with contextlib.suppress(OSError, ValueError):
        status = os.stat(path)
        return Mark(
            path=path,
            size=status.st_size,
            modified_ns=status.st_mtime_ns,
            changed_ns=status.st_ctime_ns,
            inode=status.st_ino,
        )
    return None
