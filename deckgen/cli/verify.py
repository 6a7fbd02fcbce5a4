"""``deckgen verify``: whether a package or a release folder is what it should be."""

from pathlib import Path

import click

from deckgen.cli.options import project_option, read_lock
from deckgen.cli.report import fail_on_errors, print_counts, print_diagnostics
from deckgen.cli.terminal import echo
from deckgen.diagnostics import Severity
from deckgen.releases.verify import verify_folder, verify_package
from deckgen.releases.verify.package import CHECKS


def _print_checks(context: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        for name, (severity, summary) in CHECKS.items():
            echo(f"{name:<16} {severity:<8} {summary}")
        context.exit(0)


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option("--no-anki", is_flag=True, help="Do not try the import, even with the package anki installed.")
@click.option("--deep", is_flag=True, help="Open every card in a headless browser and count what it does there.")
@click.option(
    "--checks", is_flag=True, is_eager=True, expose_value=False, callback=_print_checks, help="List the checks."
)
@project_option
def verify(paths: tuple[Path, ...], no_anki: bool, deep: bool, root: Path) -> None:
    """Check PATHS, packages or release folders, deckgen's or anyone's, without trusting them.

    Sums, manifest, record, names, references, scripts, sizes, ids, times, order; note types against the project's
    deckgen.lock where it knows them; and a real import into an empty collection where the package anki is installed.
    Exit code 1 where something is wrong.
    """
    lock = read_lock(root)
    found = [
        item
        for path in paths
        for item in (verify_folder if path.is_dir() else verify_package)(
            path, lock=lock, with_anki=not no_anki, deep=deep
        )
    ]
    print_diagnostics(dict.fromkeys(found), least=Severity.INFO)
    print_counts(found)
    fail_on_errors(found)
