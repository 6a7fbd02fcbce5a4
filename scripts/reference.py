"""Writes what the documentation knows from the code: the page of the commands, and a JSON Schema of every format."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, get_args

import click
import msgspec

from deckgen.card.settings import SETTINGS, CardSettings
from deckgen.cli import COMMANDS
from deckgen.diagnostics import RULES, Severity
from deckgen.identity.lock import AnyRecord
from deckgen.output.manifest import Manifest
from deckgen.project import config
from deckgen.releases.records import LINES, ReleaseManifest

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


def commands_page() -> str:
    commands = {name: getattr(import_module(f"deckgen.cli.{name}"), name) for name in COMMANDS}
    text = "".join(part for name, command in commands.items() for part in command_text(name, command))
    return HEAD + "\n" + re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


# --- JSON Schemas -----------------------------------------------------------------------------------------------------


def schema_of(title: str, *kinds: Any) -> str:
    """JSON Schema of values that are one of ``kinds``."""
    references, components = msgspec.json.schema_components(kinds, ref_template="#/$defs/{name}")
    found = {"anyOf": list(references)} if len(kinds) > 1 else references[0]
    return schema_text({"title": title, **found, "$defs": components})


def schema_text(schema: dict[str, Any]) -> str:
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
    return json.dumps(schema, ensure_ascii=False, indent=1).replace("\\\\Z", "$") + "\n"


def settings_schema() -> str:
    """JSON Schema of deckgen.toml: what the reader of the settings accepts, with what docs/settings.md says of it."""
    told = dict(_told())
    tables: dict[str, dict[str, Any]] = {
        table: {
            name: msgspec.json.schema(setting.type)
            | ({"description": told[table, name]} if (table, name) in told else {})
            for name, setting in settings.items()
        }
        for table, settings in config.SETTINGS.items()
    }
    (card,) = msgspec.json.schema_components([CardSettings])[1].values()
    tables["card"] = {name: card["properties"].get(name, {}) for name in SETTINGS}
    severities = [severity.value for severity in Severity]
    tables["lint"] = {rule.name: {"enum": severities, "description": rule.summary} for rule in RULES.values()}
    closed = {name: _closed(properties) for name, properties in tables.items()}
    chapters = {"type": "object", "additionalProperties": closed.pop("chapters")}
    return schema_text({"title": "deckgen.toml", **_closed({**closed, "chapters": chapters})})


def _closed(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _told() -> Iterator[tuple[tuple[str, str], str]]:
    """What the page of the settings says beside each, by table and name."""
    page = Path(__file__).parent.parent / "docs/settings.md"
    table = ""
    for line in page.read_text("utf-8").split("\n"):
        if found := re.match(r"\[(\w+)", line):
            table = found[1]
        elif found := re.match(r"(\w+) = .*?\s# (.+)", line):
            yield (table, found[1]), found[2]


PAGES: dict[str, tuple[str, Callable[[], str]]] = {
    "commands": ("docs/commands.md", commands_page),
    "settings": ("deckgen/templates/init/deckgen.schema.json", settings_schema),
    "lock": (
        "docs/schemas/deckgen.lock.schema.json",
        partial(schema_of, "A line of deckgen.lock", *get_args(AnyRecord)),
    ),
    "manifest": ("docs/schemas/manifest.schema.json", partial(schema_of, "build/manifest.json", Manifest)),
    "release": ("docs/schemas/release.schema.json", partial(schema_of, "release.json", ReleaseManifest)),
    "record": (
        "docs/schemas/record.schema.json",
        partial(schema_of, "A line of releases/X.Y.Z.jsonl and record.jsonl", *LINES),
    ),
}


def main() -> None:
    for path, make in ([PAGES[name] for name in sys.argv[1:]]) or PAGES.values():
        (Path(__file__).parent.parent / path).write_text(make(), "utf-8", newline="\n")


if __name__ == "__main__":
    main()
