"""``deckgen translate review``: sources and translations side by side on one page."""

import os
import re
from contextlib import suppress
from pathlib import Path

import click

from deckgen.cli.options import project_option
from deckgen.cli.report import fail_on_errors, print_diagnostics
from deckgen.cli.terminal import echo
from deckgen.cli.translations import language_tag, open_translations, reviewer_option, today, write_catalogs
from deckgen.diagnostics import DeckgenError
from deckgen.localisation.translations import Translations
from deckgen.memory.watching import look
from deckgen.model import Language
from deckgen.project.files import own_path, write_atomically
from deckgen.project.layout import BUILD_DIR
from deckgen.review.page import EDITOR, render_review, show
from deckgen.review.serve import ReviewDesk, ReviewServer


def _editor(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    if not re.match(r"(?!javascript:|data:)[a-z][a-z0-9+.-]*:", value):
        raise click.BadParameter(f"“{value}” has to be an address such as {EDITOR}")
    return value


@click.command()
@click.argument("language", type=language_tag)
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="The page; build/review-LANG.html by default."
)
@click.option("--serve", is_flag=True, help="Serve the page on this machine; what is said there is written at once.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Where to serve it; any free port by default.")
@click.option("--editor", metavar="ADDRESS", default=EDITOR, show_default=True, callback=_editor)
@reviewer_option
@project_option
def review(language: Language, out: Path | None, serve: bool, port: int, editor: str, by: str, root: Path) -> None:
    """Show each block beside its translation, as the card does, with its state and findings.

    The page opens from disk. With --serve its reader accepts, edits, rejects and comments on it. ADDRESS is what opens
    {path} at {line} in an editor.
    """
    jobs = os.cpu_count() or 1
    if serve:
        write_catalogs(open_translations(root, (language,)))
        desk = ReviewDesk(
            language=language,
            read=lambda: _reviewable(root, language),
            look=lambda: look(root, without=root / BUILD_DIR),
            by=by,
            today=today,
            editor=editor,
            jobs=jobs,
        )
        server = ReviewServer(desk, port=port)
        echo(f"{server.address} – press Ctrl+C to end")
        with suppress(KeyboardInterrupt):
            server.run()
        return
    found = _reviewable(root, language)
    page, counts = render_review(show(found, language, editor=editor, jobs=jobs))
    path = out or own_path(root, BUILD_DIR) / f"review-{language}.html"
    write_atomically(path, page.encode())
    echo(", ".join(f"{count} {state}" for state, count in counts.items() if count))
    echo(path)
    fail_on_errors(found.diagnostics)


def _reviewable(root: Path, language: Language) -> Translations:
    found = open_translations(root, (language,), lenient=True)
    print_diagnostics(found.diagnostics)
    if not found.material.texts:
        raise DeckgenError("there is nothing to review", hint="the project has no question")
    return found
