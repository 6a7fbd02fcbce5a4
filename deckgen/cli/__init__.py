"""The ``deckgen`` command: a file per subcommand; each reads options, makes one call, prints, sets the exit code."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from deckgen import __version__
from deckgen.cli.build import build
from deckgen.cli.check import check
from deckgen.cli.diff import diff
from deckgen.cli.inspect import inspect
from deckgen.cli.lock import lock
from deckgen.cli.preview import preview
from deckgen.cli.release import release
from deckgen.cli.translate import translate
from deckgen.cli.verify import verify
from deckgen.diagnostics import DeckgenError


class _Group(click.Group):
    """Turns a failure of the machine or of a file into one clear message and exit code 1."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except DeckgenError as error:
            where = f"{error.location.path}:{error.location.line}: " if error.location else ""
            click.echo(f"{where}error: {error}", err=True)
            if error.hint:
                click.echo(f"  hint: {error.hint}", err=True)
            ctx.exit(1)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="deckgen")
def main() -> None:
    """Turn a Chinese question-and-answer book in Markdown into bilingual Anki decks."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # A console that cannot show Chinese must not stop a build.
            stream.reconfigure(errors="replace")


COMMANDS: Sequence[click.Command] = (build, check, preview, translate, lock, release, diff, verify, inspect)
for _command in COMMANDS:
    main.add_command(_command)
