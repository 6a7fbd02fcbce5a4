"""Puts files of one folder in place together: whatever interrupts that, all are old, or all are new once resumed.

New files wait in a folder beside the old ones. A journal among them, written last, says that they are complete and
what is to be done with them; from then on it is carried out, by the next run if need be. Without it they are litter.
"""

import contextlib
import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from deckgen.diagnostics import DeckgenError
from deckgen.project.files import is_own_file, own_path, own_place, read_file, write_atomically

_PREFIX = ".writing-"
_JOURNAL = "journal.json"
_BESIDE = "beside"
"""The staged copy of the one file that does not lie in the folder."""


class _Journal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``replaces`` is the sum of the file beside that this journal knew: where that is another now, it stays."""

    files: tuple[str, ...]
    removed: tuple[str, ...]
    replaces: str


@contextmanager
def staging(folder: Path) -> Iterator[Path]:
    """A new folder below ``folder`` for the files to come; gone afterwards, unless ``commit`` was interrupted."""
    stage = Path(tempfile.mkdtemp(dir=folder, prefix=_PREFIX))
    try:
        yield stage
    finally:
        if not (stage / _JOURNAL).exists():
            shutil.rmtree(stage, ignore_errors=True)


def commit(
    stage: Path, *, files: Iterable[str], removed: Iterable[str], beside: Path | None = None, data: bytes = b""
) -> None:
    """Moves the staged ``files`` into the folder, takes ``removed`` out of it and writes ``data`` to ``beside``.

    OSError or DeckgenError where that cannot be done; where it is known at the start, nothing is changed.
    """
    folder = stage.parent
    files, removed = tuple(files), tuple(removed)
    if blocked := [name for name in files if (folder / name).is_dir()]:
        raise DeckgenError(f"{blocked[0]} is a folder, not a file", hint="rename the folder")
    if beside:
        (stage / _BESIDE).write_bytes(data)
    journal = _Journal(files=files, removed=removed, replaces=_sum(beside))
    write_atomically(stage / _JOURNAL, msgspec.json.encode(journal))
    try:
        _write_beside(stage, journal, beside)
    except OSError:
        (stage / _JOURNAL).unlink()
        raise
    _carry_out(stage, journal)


def resume(root: Path, names: Iterable[str], *, beside: Path) -> None:
    """Ends what a run that was interrupted had begun to put in place in folders of ``root``, unless another is at it.

    To be called before ``beside`` is read.
    """
    for name in names:
        with contextlib.suppress(OSError, DeckgenError):
            if any((folder := own_path(root, name)).glob(f"{_PREFIX}*")):
                with alone(folder, wait=False) as free:
                    if free:
                        sweep(folder, beside=beside)


def sweep(folder: Path, *, beside: Path | None = None) -> None:
    """Carries out what had been committed in ``folder``, and removes what had not; for whoever is alone with it."""
    for stage in sorted(folder.glob(f"{_PREFIX}*")):
        if stage.is_symlink() or not stage.is_dir():
            continue
        with contextlib.suppress(OSError, msgspec.DecodeError):
            journal = msgspec.json.decode(read_file(stage / _JOURNAL, inside=stage), type=_Journal)
            _write_beside(stage, journal, beside)
            _carry_out(stage, journal)
        shutil.rmtree(stage, ignore_errors=True)


@contextmanager
def alone(folder: Path, *, wait: bool = True) -> Iterator[bool]:
    """Whether no other process writes into ``folder`` meanwhile; waits until it is so, or says no at once."""
    if sys.platform == "win32":
        yield True  # a folder cannot be locked there; a file that another process writes cannot be replaced
        return
    import fcntl

    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
            return
        yield True
    finally:
        os.close(handle)


def _write_beside(stage: Path, journal: _Journal, beside: Path | None) -> None:
    staged = stage / _BESIDE
    if beside and is_own_file(staged, stage) and _sum(beside) == journal.replaces:
        waiting = beside.with_name(f".{beside.name}{_PREFIX}")  # one name, so that nothing is left of it
        waiting.unlink(missing_ok=True)  # a link, which would be followed
        shutil.copyfile(staged, waiting)
        waiting.replace(beside)


def _carry_out(stage: Path, journal: _Journal) -> None:
    """Every step may be done again. A journal may come from a stranger's repository, and links with it."""
    folder = stage.parent
    for name in journal.files:
        with contextlib.suppress(DeckgenError):
            staged, place = own_place(stage, name), own_place(folder, name)
            if is_own_file(staged, stage):
                staged.replace(place)
    for name in journal.removed:
        with contextlib.suppress(DeckgenError):
            place = own_place(folder, name)
            place.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                if place.parent != folder:
                    place.parent.rmdir()
    shutil.rmtree(stage, ignore_errors=True)


def _sum(path: Path | None) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path and path.is_file() else ""
