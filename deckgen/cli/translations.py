"""What the subcommands of ``deckgen translate`` share: their languages, what they read and what they write."""

import os
import time
from datetime import UTC, datetime
from pathlib import Path

import click

from deckgen.cli.report import print_diagnostics
from deckgen.cli.terminal import echo
from deckgen.diagnostics import DeckgenError, has_errors
from deckgen.identity.lock import format_lock
from deckgen.localisation.translations import Translations, changed_catalogs, read_translations
from deckgen.model import Language, parse_language
from deckgen.project.files import write_atomically
from deckgen.project.history import git_text
from deckgen.project.layout import LOCK_NAME
from deckgen.project.reading import read_project
from deckgen.translation.files import write_files


def language_tag(value: str) -> Language:
    """A language tag such as ``en`` or ``zh-Hant``, from the command line."""
    try:
        return parse_language(value)
    except ValueError:
        raise click.BadParameter(f"“{value}” is no language tag such as en, ja or zh-Hant") from None


def open_translations(root: Path, languages: tuple[Language, ...], *, lenient: bool = False) -> Translations:
    """The project's translations; after an error only who just reads goes on, since writing might lose something."""
    project, findings = read_project(root)
    found = read_translations(project, findings, languages)
    if not lenient:
        print_diagnostics(found.diagnostics)
        if has_errors(found.diagnostics):
            raise DeckgenError("nothing was written", hint="mend the errors above, then run this again")
    return found


def _reviewer(context: click.Context, _parameter: click.Parameter, given: str | None) -> str:
    """The name, on one line; without one that of git's settings."""
    name = given if given is not None else git_text(context.params.get("root") or Path(), "config", "user.name")
    return " ".join(name.split())


reviewer_option = click.option(
    "--by", metavar="NAME", callback=_reviewer, help="Who reviewed them, for the PO file; git's user by default."
)


def today() -> str:
    """The day in UTC, or that of SOURCE_DATE_EPOCH."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    return datetime.fromtimestamp(int(epoch) if epoch.isdecimal() else time.time(), UTC).date().isoformat()


def write_catalogs(found: Translations) -> None:
    """Writes the PO files that change, and a first lock, without which the keys in them would not be found again."""
    files = changed_catalogs(found)
    if found.project.lock_text is None:
        write_atomically(found.project.root / LOCK_NAME, format_lock(found.lock).encode())
        echo(f"wrote {LOCK_NAME}")
    write_files(files)
    for file in files:
        echo(f"{'removed' if file.text is None else 'wrote'} {file.name}")
    if not files:
        echo("the PO files are up to date")
