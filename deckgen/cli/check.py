"""``deckgen check``: every finding, and what a build would do to the lock; writes nothing."""

import click

from deckgen.build import Build
from deckgen.chapters import describe_explanation, explain_structure
from deckgen.cli.formats import FORMATS
from deckgen.cli.options import Wanted, build_options
from deckgen.cli.report import fail_on_errors, print_changes, print_counts, print_diagnostics
from deckgen.cli.terminal import Detail, detail, echo
from deckgen.diagnostics import Severity
from deckgen.localisation.checking import check_build
from deckgen.output import lock_changes
from deckgen.project.reading import Project, read_project

_MOST_LINES = 20


@click.command()
@build_options
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", *FORMATS]),
    default="text",
    help="For people, for programs, for GitHub's annotations, for code scanning.",
)
@click.option("--explain", is_flag=True, help="Say how each chapter is read, and why; check nothing.")
def check(wanted: Wanted, form: str, explain: bool) -> None:
    """Report every finding with its file and line, and what a build would change; write nothing.

    Of the translations it checks those of the editions' languages; “deckgen translate check” checks any.
    """
    if explain:
        _explain(read_project(wanted.root, wanted.chapters)[0])
        return
    made = wanted.make()
    found = check_build(made, strict=wanted.is_strict(made.project))
    if form == "text":
        print_diagnostics(found, least=Severity.INFO)
        if detail() is not Detail.QUIET:
            _print_lock_changes(made)
        print_changes(made.matched.changes)
        print_counts(found)
    else:
        click.echo(FORMATS[form](found, made.matched.changes), nl=False)
    fail_on_errors(found)


def _explain(project: Project) -> None:
    for source in project.sources:
        if not project.wanted or source.path in project.wanted:
            echo(source.path)
            explanation = explain_structure(source.text, settings=project.config.settings_for(source.path))
            for line in describe_explanation(explanation):
                echo(f"  {line}")


def _print_lock_changes(made: Build) -> None:
    """What a build would write into the lock; of a first one the counts alone, which follow, tell enough."""
    if made.project.lock_text is None:
        echo("a build would make deckgen.lock")
        return
    changes = lock_changes(made)
    echo("a build would change deckgen.lock:" if changes else "a build would leave deckgen.lock as it is")
    shown = changes if detail() is Detail.VERBOSE else changes[:_MOST_LINES]
    for line in shown:
        echo(f"  {line}")
    if len(shown) < len(changes):
        echo(f"  and {len(changes) - len(shown)} more; --verbose shows them")
