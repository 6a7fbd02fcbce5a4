"""Reads and writes files: regular ones alone, nothing beyond a folder's real path, each write whole or not at all."""

import contextlib
import errno
import os
import stat
import tempfile
import time
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path, PurePath

from deckgen.diagnostics import DeckgenError
from deckgen.model import Location
from deckgen.project.encoding import byte_location

MAX_BYTES = 64 * 1024 * 1024
"""Of a text file."""
_UNFINISHED = ".unfinished"
"""The end of a name that a file has while it is being written."""
_HOUR_SECONDS = 3600
_KINDS = (
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def survey(root: Path, *, skip: Callable[[str], bool]) -> tuple[frozenset[str], Mapping[str, str]]:
    """The regular files below a folder, and what nobody reads there, each with the reason.

    Paths are POSIX and relative. A link to a file of the folder is a file, one to a folder is not followed; ``skip``
    says by name which folders are left out.
    """
    files: set[str] = set()
    refused: dict[str, str] = {}
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        try:
            entries = sorted(os.scandir(root / folder), key=lambda entry: entry.name)
        except OSError as error:
            refused[folder or "."] = f"cannot be read: {error.strerror}"
            continue
        for entry in entries:
            path = f"{folder}{entry.name}"
            is_odd, is_folder = shown_name(entry.name) != entry.name, entry.is_dir(follow_symlinks=False)
            leads_to_folder = not is_odd and entry.is_symlink() and (root / path).is_dir()
            if (is_odd or is_folder or leads_to_folder) and skip(entry.name):
                continue
            if is_odd:
                refused[shown_name(path)] = "has a name that is not UTF-8 or holds control characters"
            elif is_folder:
                waiting.append(f"{path}/")
            elif leads_to_folder:
                refused[path] = "is a link to a folder, which is not followed"
            elif not entry.is_file(follow_symlinks=False) and (why := _why_refused(root / path, root)):
                refused[path] = why
            else:
                files.add(path)
    return frozenset(files), refused


def read_file(path: Path, *, inside: Path, most: int = MAX_BYTES) -> bytes:
    """The bytes of a regular file that really lies below the folder ``inside``.

    OSError, whose ``strerror`` is for people, for anything else, for a link into a hidden folder, and for a file of
    more than ``most`` bytes (``errno.EFBIG``).
    """
    if why := _why_refused(path, inside):
        raise OSError(errno.EPERM, why, str(path))
    handle = os.open(path, _FLAGS)
    with os.fdopen(handle, "rb") as file:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EPERM, "is no regular file", str(path))
        # A file that grows meanwhile is read no further either, and Python makes room for as much as it is asked for.
        data = file.read(status.st_size + 1) if status.st_size <= most else b""
    if max(status.st_size, len(data)) > most:
        raise OSError(errno.EFBIG, f"has more than {most // 2**20} MB", str(path))
    return data


def read_optional(path: Path, *, inside: Path | None = None) -> str | None:
    """The text of a file of the folder ``inside``, which is its own by default; None where there is no file.

    DeckgenError where it is no UTF-8, no regular file, or lies elsewhere.
    """
    try:
        data = read_file(path, inside=inside or path.parent)
        return data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        is_folder = path.is_dir()
        message = "is a folder, not a file" if is_folder else f"cannot be read: {error.strerror}"
        hint = "rename the folder" if is_folder else "put the file itself there, and check its permissions"
        raise DeckgenError(f"{path.name} {message}", hint=hint, location=Location(path=path.name)) from error
    except UnicodeDecodeError as error:
        where = byte_location(data, error.start, path.name)
        message = f"byte 0x{data[error.start]:02x} is not UTF-8, so {path.name} cannot be read"
        raise DeckgenError(message, hint="save the file as UTF-8", location=where) from error


def write_atomically(path: Path, data: bytes) -> None:
    """Writes beside ``path`` and renames, so that a reader sees the old bytes or the new ones, never half.

    A link at ``path`` is replaced, not followed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.", suffix=_UNFINISHED)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise


def remove_unfinished(paths: Iterable[Path]) -> None:
    """Takes away those of the files that a killed run left half written, an hour ago or earlier."""
    for path in paths:
        if path.name.startswith(".") and path.name.endswith(_UNFINISHED):
            with contextlib.suppress(OSError):
                if time.time() - path.lstat().st_mtime > _HOUR_SECONDS:
                    path.unlink()


def own_path(root: Path, name: str) -> Path:
    """The path ``name`` of a folder, to write at. DeckgenError for a pipe, and where a link leads elsewhere."""
    path = root / name
    real = Path(os.path.realpath(path))
    if where := _leads_elsewhere(path, real, root) or (_special(real.stat().st_mode) if real.exists() else ""):
        raise DeckgenError(
            f"{name} {where}, so nothing is read or written there",
            hint="remove the link, or name a folder on the command line",
            location=Location(path=name),
        )
    return path


def own_place(folder: Path, name: str) -> Path:
    """The path of a file to put in place or to take away: below ``folder`` as `own_path`; a link there is no way."""
    path = PurePath(name)
    return own_path(folder, path.parent.as_posix()) / path.name


def is_own_file(path: Path, root: Path) -> bool:
    """Whether there is a regular file that really lies below ``root``."""
    return path.is_file() and not _why_refused(path, root)


def shown_name(name: str) -> str:
    """A file's name with U+FFFD for what is not UTF-8 or a control character, so that it can be printed."""
    text = name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return "".join("\ufffd" if unicodedata.category(letter) in ("Cc", "Zl", "Zp") else letter for letter in text)


def _why_refused(path: Path, root: Path) -> str:
    """Why a file is not to be read as one of the folder ``root``; empty where nothing is wrong, or nothing is there."""
    try:
        real = Path(os.path.realpath(path, strict=True))
        mode = real.stat().st_mode
    except FileNotFoundError:
        return "is a link that leads to no file" if path.is_symlink() else ""
    except ValueError:
        return "has a name that no file can have"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    if where := _leads_elsewhere(path, real, root):
        return f"{where}, and what lies there is not read"
    if stat.S_ISDIR(mode):
        return "is a folder, not a file"
    return _special(mode)


def _special(mode: int) -> str:
    """What is neither a file nor a folder, in words; empty for one that is."""
    return next((f"is {name}, not a file" for is_kind, name in _KINDS if is_kind(mode)), "")


def _leads_elsewhere(path: Path, real: Path, root: Path) -> str:
    """Whether links lead from ``path`` out of the folder ``root`` or into a hidden one, in words; empty where not."""
    base = os.path.realpath(root)
    if not real.is_relative_to(base):
        return "leads out of the project"
    hidden = _is_hidden(real.relative_to(base)) and not _is_hidden(PurePath(os.path.relpath(path, root)))
    return "leads into a hidden folder" if hidden else ""


def _is_hidden(path: PurePath) -> bool:
    return any(part.startswith(".") for part in path.parts)
