"""``deckgen check``: every finding, and what a build would do to the lock; writes nothing."""

from __future__ import annotations

import os
from pathlib import Path

import click

from deckgen.build import Options, make_decks
from deckgen.cli.options import build_options, build_time
from deckgen.cli.report import print_counts, print_diagnostics, progress_bar
from deckgen.diagnostics import Severity, has_errors
from deckgen.model import Edition, Policy, Profile
from deckgen.project import read_project, relative_path


@click.command()
@build_options
def check(
    chapters: tuple[Path, ...],
    editions: tuple[Edition, ...],
    categories: tuple[str, ...],
    profile: str | None,
    policy: str | None,
    jobs: int | None,
    root: Path,
) -> None:
    """Report every finding with its file and line, and what a build would change; write nothing."""
    project, findings = read_project(root, chapters)
    options = Options(
        now=build_time(root),
        editions=editions,
        profile=Profile(profile) if profile else None,
        policy=Policy(policy) if policy else None,
        chapters=tuple(relative_path(root, chapter) for chapter in chapters),
        categories=categories,
        jobs=jobs or os.cpu_count() or 1,
    )
    with progress_bar() as progress:
        made = make_decks(project, findings, options, progress)
    print_diagnostics(made.diagnostics, least=Severity.INFO)
    print_counts(made.diagnostics)
    if has_errors(made.diagnostics):
        raise click.exceptions.Exit(1)
