"""The ``deckgen`` command itself: how it starts, what it lists, how it completes."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module

import click
import pytest

from deckgen.cli import COMMANDS

STARTED = """
import sys, click
before = set(sys.modules)
from deckgen.cli import main
try:
    main(["--version"])
except SystemExit:
    print(*sorted(set(sys.modules) - before))
"""


def test_the_version_is_told_without_importing_more_than_click() -> None:
    done = subprocess.run([sys.executable, "-c", STARTED], capture_output=True, text=True, check=True)
    version, modules = done.stdout.splitlines()
    assert version.startswith("deckgen, version ")
    names = modules.split()
    assert [name for name in names if name.startswith("deckgen")] == ["deckgen", "deckgen.cli"]
    strangers = {name.split(".")[0] for name in names} - sys.stdlib_module_names - {"click", "deckgen"}
    assert not strangers


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_what_each_command_says(name: str) -> None:
    command = getattr(import_module(f"deckgen.cli.{name}"), name)
    assert isinstance(command, click.Command)
    assert command.name == name
    assert (command.help or "").split("\n\n")[0].replace("\n", " ") == COMMANDS[name]


@pytest.mark.parametrize(
    ("typed", "offered"),
    [("deckgen tra", "translate"), ("deckgen lock sp", "split"), ("deckgen verify --no", "--no-anki")],
)
def test_a_shell_completes_commands_and_options(typed: str, offered: str) -> None:
    environment = {
        **os.environ,
        "_DECKGEN_COMPLETE": "bash_complete",
        "COMP_WORDS": typed,
        "COMP_CWORD": str(len(typed.split()) - 1),
    }
    script = "from deckgen.cli import main; main(prog_name='deckgen')"
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.split() == [f"plain,{offered}"]


def test_the_module_runs_as_the_command() -> None:
    done = subprocess.run([sys.executable, "-m", "deckgen", "lok"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "Usage: deckgen [OPTIONS] COMMAND" in done.stderr
    assert "lock" in done.stderr
