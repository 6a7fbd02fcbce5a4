"""``deckgen diff``: what changed from one release to another, card by card."""

from pathlib import Path

import click

from deckgen.cli.terminal import echo, escaped
from deckgen.model import Language
from deckgen.releases.changelog import FORMATS, WORDS_IN, format_diff
from deckgen.releases.diff import compare
from deckgen.releases.snapshot import read_comparable


@click.command()
@click.argument("old", type=click.Path(path_type=Path, exists=True))
@click.argument("new", type=click.Path(path_type=Path, exists=True))
@click.option(
    "--format", "form", type=click.Choice([*FORMATS]), default="text", help="How it is shown; text by default."
)
@click.option("--language", type=click.Choice([*WORDS_IN]), default="en", show_default=True, help="In which words.")
def diff(old: Path, new: Path, form: str, language: str) -> None:
    """Show what a learner gets new, changed, moved or no more from OLD to NEW.

    Each is a release record (releases/X.Y.Z.jsonl), a release folder, a build folder or an .apkg package. For cards
    that moved or are no more it gives the search to paste into Anki's browser.
    """
    text = format_diff(compare(read_comparable(old), read_comparable(new)), form, Language(language))
    if form == "json":
        click.echo(escaped(text), nl=False)
    else:
        echo(text, nl=False)
