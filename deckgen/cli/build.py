"""``deckgen build``: sources to packages."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from deckgen import journal
from deckgen.build import Build, make_decks
from deckgen.cli.options import Wanted, build_options
from deckgen.cli.report import human_size, print_changes, print_counts, print_diagnostics, print_table, progress_bar
from deckgen.cli.terminal import echo
from deckgen.diagnostics import has_errors
from deckgen.localisation import check_build
from deckgen.model import TextState
from deckgen.output import Written, write_build
from deckgen.project import LOCK_NAME


@click.command()
@build_options
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Where packages go; build/ by default.")
@click.option("--strict", is_flag=True, help="Write nothing when an error was reported.")
@click.option("--locked", is_flag=True, help="Fail when deckgen.lock would change.")
@click.option("--allow-retire", is_flag=True, help="Accept that most questions are gone.")
def build(
    wanted: Wanted,
    out: Path | None,
    strict: bool,
    locked: bool,
    allow_retire: bool,
) -> None:
    """Build the decks: one package with every card and one per category.

    CHAPTERS restricts the build to the questions of these files; without any, the whole project is built.
    """
    if out:
        journal.resume(out, beside=wanted.root / LOCK_NAME)
    project, findings = wanted.read()
    with progress_bar() as progress:
        made = make_decks(project, findings, wanted.options(project, allow_retire=allow_retire), progress)
        if wanted.is_strict(project):
            made = replace(made, diagnostics=check_build(made, strict=True))
        written = write_build(made, out=out, strict=strict, locked=locked, progress=progress)
    print_diagnostics(written.diagnostics)
    _print_summary(made, written)
    print_changes(made.changes)
    print_counts(written.diagnostics)
    if has_errors(written.diagnostics):
        raise click.exceptions.Exit(1)


def _print_summary(made: Build, written: Written) -> None:
    if not any(stamped.deck.notes for stamped in made.decks):
        return
    print_table(
        "Packages",
        ("file", "notes", "size"),
        [(package.file, str(package.notes), human_size(package.bytes)) for package in written.packages],
    )
    rows = []
    for stamped in made.decks:
        deck = stamped.deck
        for position, language in enumerate(deck.edition.languages):
            states = [note.states[position] for note in deck.notes]
            shown = sum(state is not TextState.MISSING for state in states)
            others = ", ".join(
                f"{states.count(state)} {state}"
                for state in TextState
                if state in states and state not in (TextState.SOURCE, TextState.REVIEWED)
            )
            rows.append((deck.edition.name, language, f"{shown} of {len(states)}", others or "–"))
    print_table("Languages", ("edition", "language", "notes shown", "of these"), rows)
    for counts in made.translated.counts:
        if counts.hidden:
            drafts = f"{counts.hidden} {counts.language} draft{'' if counts.hidden == 1 else 's'}"
            echo(f"{drafts} hidden, use --policy draft to show what nobody has reviewed yet")
        if counts.missing:
            echo(f"{counts.missing} blocks have no translation into {counts.language} and show the source")
    used = {picture.source: picture for stamped in made.decks for picture in stamped.deck.media}.values()
    before, after = sum(item.source_bytes for item in used), sum(item.size_bytes for item in used)
    echo(f"{len(used)} images, {human_size(before)} before and {human_size(after)} after; in {written.folder}")
