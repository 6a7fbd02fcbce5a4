"""``deckgen preview``: every card as a web page, without Anki."""

from contextlib import suppress
from functools import partial
from pathlib import Path

import click

from deckgen.build import Build
from deckgen.cli.options import Wanted, build_options
from deckgen.cli.report import fail_on_errors, print_counts, print_diagnostics
from deckgen.cli.terminal import echo
from deckgen.memory.watching import Watch
from deckgen.preview.serve import PreviewServer
from deckgen.preview.site import write_preview
from deckgen.project.files import own_path
from deckgen.project.layout import BUILD_DIR, PREVIEW_DIR


@click.command()
@build_options
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="Where the page goes; build/preview/ by default."
)
@click.option("--public", is_flag=True, help="For learners: without findings, states and places in the sources.")
@click.option("--serve", is_flag=True, help="Serve the page on this machine and renew it after every change.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="Where to serve it.")
@click.option(
    "--editor",
    default="",
    envvar="DECKGEN_EDITOR",
    metavar="ADDRESS",
    help="What opens a place in the sources, such as vscode://file/{path}:{line}; by default a click copies it.",
)
def preview(wanted: Wanted, out: Path | None, public: bool, serve: bool, port: int, editor: str) -> None:
    """Show every card, front and back, as a page that opens from disk or from any web host.

    CHAPTERS restricts it to the questions of these files; without any, the whole project is shown.
    """
    folder = out or own_path(wanted.root, f"{BUILD_DIR}/{PREVIEW_DIR}")

    def make() -> Build:
        made = wanted.make()
        write_preview(made, folder, public=public, editor=editor)
        print_diagnostics(made.diagnostics)
        print_counts(made.diagnostics)
        return made

    if serve:
        server = PreviewServer(folder, make, partial(Watch, wanted.root, folder), port=port)
        echo(f"{server.origin}/ – press Ctrl+C to end")
        with suppress(KeyboardInterrupt):
            server.run(lambda line: echo(line, err=True))
        return
    made = make()
    echo(folder / "index.html")
    fail_on_errors(made.diagnostics)
