"""``deckgen images``: images of other servers, fetched into the project."""

from pathlib import Path

import click

from deckgen.cli.options import project_option
from deckgen.cli.terminal import echo, plain
from deckgen.text.sizes import human_size


@click.group()
def images() -> None:
    """Fetch the images that chapters show from other servers."""


@images.command()
@click.option("--most-mb", type=click.FloatRange(0.001), default=20, show_default=True, help="Of one image.")
@click.option("--timeout", type=click.FloatRange(0.1), default=60, show_default=True, help="Seconds for one image.")
@click.option("--allow", multiple=True, metavar="HOST", help="A trusted host: private, or for a proxy to resolve.")
@project_option
def fetch(root: Path, most_mb: float, timeout: float, allow: tuple[str, ...]) -> None:
    """Download images of other servers into imgs/remote/, where every build finds them.

    Chapters stay as they are: imgs/remote/sources.toml says which URL is which file, with its SHA-256; commit both.
    Links to files of the book's own repository (deck.origin) need no download. What is there already is not asked for
    again, and a download that was interrupted goes on where it was.
    """
    from deckgen.fetching import fetch_images
    from deckgen.media.download import DownloadLimits
    from deckgen.project.reading import read_project

    project, _ = read_project(root)
    limits = DownloadLimits(most_bytes=int(most_mb * 2**20), seconds=timeout, allowed=frozenset(map(str.lower, allow)))
    fetched = failed = 0
    for item in fetch_images(project, limits):
        if item.problem is None:
            fetched += 1
            echo(f"{plain(item.url)} → {item.file} ({human_size(item.bytes)})")
            continue
        failed += 1
        echo(f"error: {plain(item.url)}: {plain(str(item.problem))}", err=True)
        if item.problem.hint:
            echo(f"    hint: {plain(item.problem.hint)}", err=True)
    echo(f"{fetched} fetched, {failed} failed")
    if failed:
        raise click.exceptions.Exit(1)
