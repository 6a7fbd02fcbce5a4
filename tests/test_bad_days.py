"""Odd names, damaged caches, unreadable folders and full disks: a located error each, never a traceback."""

from __future__ import annotations

import ctypes
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from projects import NOON, deckgen, make_project

from deckgen.cli.formats import FORMATS
from deckgen.cli.terminal import escaped, plain
from deckgen.diagnostics import diagnostic
from deckgen.identity.changes import Changes
from deckgen.model import Location

HOSTILE = "\x1b]0;owned\x07\x1b[31m\n::error file=a::owned\r##[error]x\u202e\x9b2J"


def _as_anybody() -> None:
    """Root writes into folders that are closed; without these two capabilities it does not."""
    for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH; 24 is PR_CAPBSET_DROP
        ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)


def _run(folder: Path, *arguments: str, limit: int = 0) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own; ``limit`` is how many bytes a file may have, as on a full disk."""
    program = "import sys; from deckgen.cli import main; main()"
    if limit:
        program = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit})); {program}"
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        errors="replace",
        env={key: value for key, value in os.environ.items() if key != "DECKGEN_TRACEBACK"}
        | {"SOURCE_DATE_EPOCH": str(NOON)},
        check=False,
        timeout=60,
        preexec_fn=_as_anybody if sys.platform == "linux" else None,
    )


@pytest.mark.skipif(os.name == "nt", reason="there names are Unicode, and files have no limit")
def test_a_full_disk_a_closed_folder_and_names_that_are_no_text_are_told_in_one_line(tmp_path: Path) -> None:
    folder = make_project(tmp_path)
    (folder / "closed").mkdir(mode=0o555)
    closed = _run(folder, "build", "--out", "closed/deep/out")
    assert (closed.returncode, closed.stdout) == (1, "")
    assert closed.stderr.startswith(f"error: the folder {folder / 'closed'} cannot be written: ")
    (folder / "source" / os.fsdecode(b"\xff.md")).write_text("## 什么？\n\n这个。\n", encoding="utf-8")
    (folder / "source" / "\x1b[31m.md").write_text("## 什么？\n\n这个。\n", encoding="utf-8")
    full = _run(folder, "build", limit=3000)
    assert full.returncode == 1
    assert "Traceback" not in full.stderr
    assert "error: " in full.stderr
    whole = _run(folder, "build", "--out", "out")
    assert "source/\ufffd.md:1:1: error: source/\ufffd.md has a name that is not UTF-8" in whole.stderr
    assert "source/\ufffd[31m.md has a name" in whole.stderr
    assert (folder / "out/partial/chapter-zh-en.apkg").is_file()


def test_a_cache_that_cannot_be_used_is_named_and_the_decks_are_built(tmp_path: Path) -> None:
    folder = make_project(tmp_path)
    assert deckgen("build", "--project", folder).exit_code == 0
    package = folder / "build/chapter-zh-en.apkg"
    whole = package.read_bytes()
    for record in (folder / ".cache/deckgen").rglob("*.json"):
        record.unlink()
        record.mkdir()
    package.unlink()  # else there is nothing to do
    spoilt = deckgen("build", "--project", folder)
    assert "cannot be written" in spoilt.stderr
    assert spoilt.exit_code == 0
    assert package.read_bytes() == whole


def test_a_failure_of_deckgen_itself_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DECKGEN_TRACEBACK")
    monkeypatch.setattr("deckgen.project.reading.read_project", lambda *_: 1 / 0)
    result = deckgen("build", "--project", make_project(tmp_path))
    assert result.exit_code == 3
    assert result.stderr.startswith("error: deckgen itself failed: ZeroDivisionError: division by zero (options.py")


def test_what_comes_from_outside_neither_steers_the_terminal_nor_speaks_to_github(tmp_path: Path) -> None:
    question = "## 1. \x1b[31m什么？\n\n"
    chapter = f"{question}::error file=x::owned\n\n![x](::error::x.png)\n\n{question}##[error]y <b\n"
    title = HOSTILE.encode("unicode_escape").decode().replace("\\x", "\\u00")
    folder = make_project(tmp_path, chapter=chapter, picture=False, settings=f'[deck]\ntitle = "{title}"\n')
    commands = (
        ("build", "check"),
        ("check", "--explain"),
        ("check", "--format", "json"),
        ("inspect", "--json"),
        ("inspect",),
    )
    for command, *options in commands:
        place = [str(next((folder / "build").rglob("*.apkg")))] if command == "inspect" else ["--project", str(folder)]
        output = deckgen(command, *(option for option in options if option != "check"), *place).output
        assert not any(mark in output for mark in ("\x1b", "\x07", "\x9b", "\u202e", "##[")), (command, options)
        assert not any(line.lstrip().startswith("::") for line in output.splitlines()), (command, options)


def test_a_wrong_argument_is_told_harmlessly() -> None:
    for arguments in (("release", "\x1b]0;x\n::error::y"), ("build", "--edition", "\u202e##[error]\x0b::x")):
        told = deckgen(*arguments)
        assert told.exit_code == 2
        assert not re.search(r"[\x1b\x0b\u202e]|^\s*::|##\[", told.output, re.MULTILINE), told.output


def test_each_format_escapes_what_a_terminal_obeys() -> None:
    found = diagnostic("bad-setting", HOSTILE, Location(path=f"a{HOSTILE}.md"), hint=HOSTILE, excerpt=HOSTILE)
    for name, form in FORMATS.items():
        text = form([found], Changes(items=()))
        assert not any(mark in text for mark in "\x1b\x07\x9b\u202e\r"), name
        assert sum(line.startswith("::") for line in text.splitlines()) == (name == "github")
    assert plain("a\n::error::b") == "a ::error::b"
    assert plain("::error::b").startswith(": :")
    assert escaped('"\x9b"') == '"\\u009b"'
