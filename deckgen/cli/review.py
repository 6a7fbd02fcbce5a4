"""``deckgen translate review``: sources and translations side by side on one page."""

from __future__ import annotations

import os
from pathlib import Path

import click

from deckgen.cli.options import project_option
from deckgen.cli.report import print_diagnostics
from deckgen.cli.terminal import echo
from deckgen.cli.translations import language_tag, open_translations
from deckgen.diagnostics import DeckgenError, has_errors
from deckgen.files import own_path, write_atomically
from deckgen.model import Language
from deckgen.project import BUILD_DIR
from deckgen.review import render_review


@click.command()
@click.argument("language", type=language_tag)
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="The page; build/review-LANG.html by default."
)
@project_option
def review(language: Language, out: Path | None, root: Path) -> None:
    """Write a page that shows each block beside its translation, as the card does, with its state and findings."""
    found = open_translations(root, (language,), lenient=True)
    print_diagnostics(found.diagnostics)
    if not found.texts:
        raise DeckgenError("there is nothing to review", hint="the project has no question")
    page = render_review(found, language, jobs=os.cpu_count() or 1)
    path = out or own_path(root, BUILD_DIR) / f"review-{language}.html"
    write_atomically(path, page.html.encode())
    echo(", ".join(f"{count} {state}" for state, count in page.counts.items() if count))
    echo(path)
    if has_errors(found.diagnostics):
        raise click.exceptions.Exit(1)
