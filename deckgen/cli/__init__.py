"""The ``deckgen`` command: a file per subcommand; each reads options, makes one call, prints, sets the exit code.

A subcommand's file is imported when it is called, so that ``--version``, ``--help`` and completion answer at once.
"""

import atexit
import errno
import gc
import sys
from collections.abc import Mapping
from importlib import import_module

import click

from deckgen import __version__

COMMANDS: Mapping[str, str] = {
    "init": "Begin a project in FOLDER: look at its Markdown, show how it is read, write deckgen.toml.",
    "build": "Build the decks: one package with every card, and one per category or chapter.",
    "check": "Report every finding with its file and line, and what a build would change; write nothing.",
    "preview": "Show every card, front and back, as a page that opens from disk or from any web host.",
    "images": "Fetch the images that chapters show from other servers.",
    "translate": "Translate the sources: PO files per chapter and language, drafts, checks and reviews.",
    "lock": "Show deckgen.lock, and settle which question is which.",
    "release": "Write the release VERSION: packages of every edition, sums, manifest, notes and a download page.",
    "push": "Bring a running Anki up to date with PACKAGE, by default that of the last build with every card.",
    "diff": "Show what a learner gets new, changed, moved or no more from OLD to NEW.",
    "verify": "Check PATHS, packages or release folders, deckgen's or anyone's, without trusting them.",
    "inspect": "Show the decks, notes, media and sizes of FILE, a package of deckgen's or of anyone's.",
}
"""Each command with the first line of its help, in the order of ``deckgen --help``. ``deckgen.cli.NAME.NAME`` is it."""


atexit.register(gc.freeze)  # else Python looks for circles in all that a process leaves behind, before it goes anyway
_EXIT_CODES = "Exit codes: 0 done, 1 errors were found or something failed, 2 wrong usage, 3 deckgen itself failed."


class _Group(click.Group):
    """Imports a command when it is called; turns a failure of the machine or of a file into one clear message."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] in COMMANDS:
            command = getattr(import_module(f"deckgen.cli.{args[0]}"), args[0])
            for one in (command, *getattr(command, "commands", {}).values()):
                one.epilog, one.short_help = _EXIT_CODES, one.get_short_help_str(limit=200)
            self.commands[args[0]] = command
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except (click.exceptions.Exit, click.Abort):
            raise
        except click.ClickException as error:
            from deckgen.cli.terminal import plain

            error.message = plain(error.message)  # type: ignore[misc] # what click shows itself
            raise
        except Exception as error:
            # A pipe that nobody reads any more is click's to end.
            if isinstance(error, OSError) and error.errno == errno.EPIPE:
                raise
            from deckgen.cli.terminal import tell_failure

            ctx.exit(tell_failure(error))


@click.group(
    cls=_Group,
    commands={name: click.Command(name, help=summary, short_help=summary) for name, summary in COMMANDS.items()},
    epilog=_EXIT_CODES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="deckgen")
def main() -> None:
    """Turn a Chinese question-and-answer book in Markdown into bilingual Anki decks."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # A console that cannot show Chinese must not stop a build.
            stream.reconfigure(errors="replace")
