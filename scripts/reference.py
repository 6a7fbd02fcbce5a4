"""Prints what the documentation knows from the code: ``commands``, a page, or ``lock``, a line's JSON Schema."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from importlib import import_module
from typing import get_args

import click
import msgspec

from deckgen.cli import COMMANDS
from deckgen.identity.lock import AnyRecord

HEAD = """# Commands

Every command with its arguments and options, as its `--help` says; `make reference` writes this page.
Results go to stdout, progress and findings to stderr. Exit code 0 is success, 1 an error in the sources or a failure,
2 a wrong command line.

Your shell completes commands and options once it is told how:

```sh
eval "$(_DECKGEN_COMPLETE=bash_source deckgen)"     # in ~/.bashrc; for zsh: zsh_source in ~/.zshrc
_DECKGEN_COMPLETE=fish_source deckgen | source      # in ~/.config/fish/config.fish
```
"""


def command_text(name: str, command: click.Command, *, level: int = 2) -> Iterator[str]:
    """The sections of a command and of those below it."""
    context = click.Context(command, info_name=f"deckgen {name}")
    yield f"{'#' * level} deckgen {name}\n\n"
    yield f"```text\n{' '.join(command.get_usage(context).removeprefix('Usage: ').split())}\n```\n\n"
    for part in (command.help or "").split("\n\n"):
        yield f"{' '.join(part.split())}\n\n"
    if isinstance(command, click.Group):
        for child in command.list_commands(context):
            yield from command_text(f"{name} {child}", command.commands[child], level=level + 1)
        return
    options = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
    if options:
        yield "| option | meaning |\n|---|---|\n"
    for option in options:
        names, _ = option.get_help_record(context) or ("", "")
        default = f" By default {option.default}." if option.show_default and option.default is not None else ""
        yield f"| `{names.replace('|', chr(92) + '|')}` | {option.help or ''}{default} |\n"
    yield "\n"


def lock_schema() -> str:
    """JSON Schema of one line of deckgen.lock."""
    references, components = msgspec.json.schema_components(get_args(AnyRecord), ref_template="#/$defs/{name}")
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A line of deckgen.lock",
        "anyOf": references,
        "$defs": components,
    }
    return json.dumps(schema, ensure_ascii=False, indent=1).replace("\\\\Z", "$") + "\n"


def main() -> None:
    if sys.argv[1:] == ["lock"]:
        print(lock_schema(), end="")
        return
    commands = {name: getattr(import_module(f"deckgen.cli.{name}"), name) for name in COMMANDS}
    text = "".join(part for name, command in commands.items() for part in command_text(name, command))
    print(HEAD + "\n" + re.sub(r"\n{3,}", "\n\n", text).strip())


if __name__ == "__main__":
    main()
