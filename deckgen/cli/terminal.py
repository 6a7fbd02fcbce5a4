"""Text on a terminal or in a CI log: no escape sequence, false line or workflow command gets there from outside."""

import errno
import json
import os
import re
import sys
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar

import click

_F = TypeVar("_F", bound=Callable[..., Any])
_DETAIL = "deckgen.detail"
_HEARD = "deckgen.heard"
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_COMMAND = re.compile(r"^(\s*:)(?=:)|(##)(?=\[)")
"""What GitHub's runner takes for a command: ``::`` at the start of a line, ``##[`` anywhere."""
_TRACEBACK = "DECKGEN_TRACEBACK"
_HINTS = {
    errno.ENOSPC: "make room on the disk, then run this again",
    errno.EACCES: "check the permissions of the file and of its folder",
    errno.EROFS: "the file system can only be read; write elsewhere with --out",
    errno.EISDIR: "rename the folder",
    errno.ENOTDIR: "a file stands where a folder is needed",
}


class Detail(Enum):
    """How much the command line asks to be told."""

    QUIET = "errors alone"
    BRIEF = "many of one kind are counted"
    VERBOSE = "everything"


def detail() -> Detail:
    context = click.get_current_context(silent=True)
    found = context.meta.get(_DETAIL) if context else None
    return found if isinstance(found, Detail) else Detail.BRIEF


def detail_option(name: str, value: Detail, words: str) -> Callable[[_F], _F]:
    """A flag that sets the detail for all that is printed."""

    def set_detail(context: click.Context, _: click.Parameter, given: bool) -> None:
        if given:
            context.meta[_DETAIL] = value

    return click.option(name, is_flag=True, expose_value=False, callback=set_detail, help=words)


def echo(text: str | Path = "", *, err: bool = False, nl: bool = True) -> None:
    """Prints lines, each made harmless."""
    say("\n".join(_harmless(line) for line in str(text).split("\n")) + ("\n" if nl else ""), err=err)


def say(text: str, *, err: bool = False) -> None:
    """Prints a text that is harmless as it is, and lets whoever listens hear it."""
    context = click.get_current_context(silent=True)
    if context and (heard := context.meta.get(_HEARD)) is not None:
        heard.append((err, text))
    click.echo(text, err=err, nl=False, color=True)


def listen() -> list[tuple[bool, str]]:
    """All that this command prints from now on, each text with whether it goes to stderr; it grows as it is printed."""
    return click.get_current_context().meta.setdefault(_HEARD, [])  # type: ignore[no-any-return]


def appearance() -> str:
    """All of the terminal and the environment that what is printed depends on."""
    sizes: list[os.terminal_size | None] = []
    for stream in (sys.stdout, sys.stderr):
        try:
            sizes.append(os.get_terminal_size(stream.fileno()))
        except (OSError, ValueError, AttributeError):
            sizes.append(None)
    names = ("COLUMNS", "NO_COLOR", "FORCE_COLOR", "CLICOLOR", "TERM", "COLORTERM", "TTY_COMPATIBLE", "JUPYTER_COLUMNS")
    return repr((sizes, [os.environ.get(name) for name in names], detail()))


def plain(text: str) -> str:
    """A text from outside as part of a line: in one line, and harmless."""
    return _harmless(" ".join(re.split(r"[\r\n\u2028\u2029]+", text)))


def json_text(value: object, *, indent: int = 1) -> str:
    """A JSON document with a line end, harmless."""
    return escaped(json.dumps(value, ensure_ascii=False, indent=indent)) + "\n"


def escaped(document: str) -> str:
    """A JSON document in which whatever a terminal or GitHub's runner would obey is escaped."""
    return _CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", document).replace("##[", "##\\u005b")


def without_controls(text: str) -> str:
    """The text with U+FFFD for whatever a terminal would obey; line ends and tabs stay."""
    return _CONTROLS.sub("\ufffd", text)


def _harmless(line: str) -> str:
    return _COMMAND.sub(r"\1\2 ", without_controls(line))


def tell_failure(error: Exception) -> int:
    """Says in one clear message what failed, and returns the exit code."""
    from deckgen.diagnostics import DeckgenError  # nor for this

    if isinstance(error, DeckgenError):
        where = plain(f"{error.location.path}:{error.location.line}: ") if error.location else ""
        return _failed(f"{where}error: {error}", error.hint)
    if isinstance(error, OSError):
        return _failed(f"error: {_describe_os_error(error)}", _HINTS.get(error.errno or 0, ""))
    if os.environ.get(_TRACEBACK):
        raise error
    _failed(f"error: deckgen itself failed: {_describe(error)}", f"report this; {_TRACEBACK}=1 shows the trace")
    return 3


def _failed(message: str, hint: str) -> int:
    echo(message, err=True)
    if hint:
        echo(f"  hint: {hint}", err=True)
    return 1


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
    import traceback  # whoever builds has no time for it

    package = Path(__file__).parent.parent
    own = [frame for frame in traceback.extract_tb(error.__traceback__) if package in Path(frame.filename).parents]
    place = f" ({Path(own[-1].filename).name}, line {own[-1].lineno})" if own else ""
    return f"{type(error).__name__}: {error}{place}"
