"""A failure of the machine, of a file or of deckgen itself as one clear message."""

from __future__ import annotations

import errno
import os
import traceback
from pathlib import Path

from deckgen.cli.terminal import echo, plain
from deckgen.diagnostics import DeckgenError
from deckgen.model import Location

_TRACEBACK = "DECKGEN_TRACEBACK"
_HINTS = {
    errno.ENOSPC: "make room on the disk, then run this again",
    errno.EACCES: "check the permissions of the file and of its folder",
    errno.EROFS: "the file system can only be read; write elsewhere with --out",
    errno.EISDIR: "rename the folder",
    errno.ENOTDIR: "a file stands where a folder is needed",
}


def tell_failure(error: Exception) -> int:
    """Says what failed, and returns the exit code."""
    if isinstance(error, DeckgenError):
        _print_failure(str(error), error.hint, error.location)
        return 1
    if isinstance(error, OSError):
        _print_failure(_describe_os_error(error), _HINTS.get(error.errno or 0, ""))
        return 1
    if os.environ.get(_TRACEBACK):
        raise error
    _print_failure(f"deckgen itself failed: {_describe(error)}", f"report this; {_TRACEBACK}=1 shows the trace")
    return 3


def _print_failure(message: str, hint: str = "", place: Location | None = None) -> None:
    where = plain(f"{place.path}:{place.line}: ") if place else ""
    echo(f"{where}error: {message}", err=True)
    if hint:
        echo(f"  hint: {hint}", err=True)


def _describe_os_error(error: OSError) -> str:
    """What the system refused, and where: the folder itself, where it is that which cannot be written."""
    reason = error.strerror or str(error)
    if error.filename and error.errno in (errno.EACCES, errno.EROFS):
        folders = Path(os.fsdecode(error.filename)).absolute().parents
        folder = next(folder for folder in folders if folder.is_dir())
        if not os.access(folder, os.W_OK):
            return f"the folder {folder} cannot be written: {reason}"
    return f"{error.filename or 'the system'}: {reason}"


def _describe(error: Exception) -> str:
    """An error and the last line of deckgen's own that it came through."""
    package = Path(__file__).parent.parent
    own = [frame for frame in traceback.extract_tb(error.__traceback__) if package in Path(frame.filename).parents]
    place = f" ({Path(own[-1].filename).name}, line {own[-1].lineno})" if own else ""
    return f"{type(error).__name__}: {error}{place}"
