"""``deckgen build``: sources to packages."""

import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from deckgen.cli.options import Wanted, build_options
from deckgen.cli.terminal import Detail, appearance, detail, echo, json_text, listen, say
from deckgen.memory import receipt
from deckgen.project.layout import BUILD_DIR, LOCK_NAME

if TYPE_CHECKING:
    from deckgen.build import Build
    from deckgen.output import Written


@click.command()
@build_options
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Where packages go; build/ by default.")
@click.option("--strict", is_flag=True, help="Write nothing when an error was reported.")
@click.option("--locked", is_flag=True, help="Fail when deckgen.lock would change.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of tables.")
@click.option("--allow-retire", is_flag=True, help="Accept that most questions are gone.")
@click.option("--watch", is_flag=True, help="Build again after every change, until Ctrl+C.")
def build(
    wanted: Wanted, out: Path | None, strict: bool, locked: bool, as_json: bool, allow_retire: bool, watch: bool
) -> None:
    """Build the decks: one package with every card, and one per category or chapter.

    CHAPTERS restricts the build to the questions of these files; without any, the whole project is built.
    """
    asked = repr((wanted, strict, locked, as_json, allow_retire, str(Path.cwd()), appearance()))
    place = receipt.BuildPlace(wanted.root, out or wanted.root / BUILD_DIR, asked)
    make = partial(_make, wanted, out, strict, locked, allow_retire)
    if watch:
        from deckgen.cli.watch import watch_build

        if as_json:
            raise click.UsageError("--watch tells people of changes: leave out --json")
        watch_build(wanted.root, place.out, make, _print)
        return
    said = receipt.recall(place)
    if said is None:
        _build(wanted, place, make, as_json=as_json)
    for to_stderr, text in said or ():
        say(text, err=to_stderr)


def _make(wanted: Wanted, out: Path | None, strict: bool, locked: bool, allow_retire: bool) -> "tuple[Build, Written]":
    from deckgen.memory.workers import without_collector

    with without_collector():  # to import makes no circles either
        from deckgen.cli.report import progress_bar
        from deckgen.output import write_build

        made = wanted.make(allow_retire=allow_retire)
        if wanted.is_strict(made.project):
            from msgspec.structs import replace

            from deckgen.localisation.checking import check_build

            made = replace(made, diagnostics=check_build(made, strict=True))
        with progress_bar() as progress:
            return made, write_build(made, out=out, strict=strict, locked=locked, progress=progress)


def _build(
    wanted: Wanted, place: receipt.BuildPlace, make: "Callable[[], tuple[Build, Written]]", *, as_json: bool
) -> None:
    """Builds, says what came of it, and remembers that where another build would find nothing to do."""
    from deckgen.cli.report import print_changes
    from deckgen.diagnostics import RULES_ABOUT_IDENTITY, has_errors
    from deckgen.project import journal

    journal.resume(place.out.parent, [place.out.name], beside=wanted.root / LOCK_NAME)
    read = receipt.read_marks(place.root, place.out)
    made, written = make()
    heard = listen()
    until = None
    if as_json:
        _print_json(made, written)
    else:
        until = _print(made, written)
    said = tuple(heard)
    if not as_json:
        print_changes(made.matched.changes)  # of which the next build has none
    told_changes = as_json and made.matched.changes.items
    rules = {found.rule for found in written.diagnostics}
    failed = has_errors(written.diagnostics)
    if made.whole and not (failed or told_changes or rules & RULES_ABOUT_IDENTITY):
        receipt.keep(place, read, said, until=until)
    if failed:
        raise click.exceptions.Exit(1)


def _print_json(made: "Build", written: "Written") -> None:
    """What ``deckgen check --format json`` prints, with the folder and its packages."""
    from deckgen.cli.formats import findings_document

    value = findings_document(written.diagnostics, made.matched.changes) | {
        "folder": str(written.folder),
        "packages": [
            {"file": package.file, "edition": package.edition, "notes": package.notes, "bytes": package.bytes}
            for package in written.packages
        ],
    }
    say(json_text(value, indent=2))


def _print(made: "Build", written: "Written") -> int | None:
    """Findings, tables and remarks; until when they hold, in seconds since the epoch, where they do not for ever."""
    from deckgen.cli.report import print_counts, print_diagnostics, print_table
    from deckgen.identity.settling import future_times
    from deckgen.text.sizes import counted, human_size

    print_diagnostics(written.diagnostics)
    for found in written.diagnostics if made.project.lock_text is None else ():
        if found.rule == "left-out":
            echo(f"{found.message}; {found.hint}", err=True)
    future = future_times(made.lock, now=int(time.time()))
    if detail() is not Detail.QUIET and any(stamped.deck.notes for stamped in made.decks):
        packages = [(package.file, str(package.notes), human_size(package.bytes)) for package in written.packages]
        print_table("Packages", ("file", "notes", "size"), packages)
        print_table("Languages", ("edition", "language", "notes shown", "of these"), _languages(made))
        for line in missing_lines(made):
            echo(line)
        used = {file.source: file for stamped in made.decks for file in stamped.deck.media}.values()
        before, after = sum(item.source_bytes for item in used), sum(item.size_bytes for item in used)
        sizes = f"{human_size(before)} before and {human_size(after)} after"
        images = f"{counted(len(used), 'image')}, {sizes}; " if used else ""
        echo(f"{images}packages are in {written.folder}")
    if future and detail() is not Detail.QUIET:
        told = f"times in deckgen.lock that lie in the future: {len(future)}"
        echo(f"{told}; was a clock wrong? Mend them: deckgen lock mend")
    print_counts(written.diagnostics)
    return min(future, default=None)


def _languages(made: "Build") -> Iterator[tuple[str, ...]]:
    from deckgen.model import TextState

    # A text without words needs no translation, so a note may be done before anybody began.
    idle = {item.language for item in made.translated.counts if not (item.reviewed or item.stale or item.draft)}
    for stamped in made.decks:
        deck = stamped.deck
        for position, language in enumerate(deck.edition.languages):
            if language in idle:
                continue
            states = [note.states[position] for note in deck.notes]
            shown = sum(state is not TextState.MISSING for state in states)
            others = ", ".join(
                f"{states.count(state)} {state}"
                for state in TextState
                if state in states and state not in (TextState.SOURCE, TextState.REVIEWED)
            )
            yield deck.edition.name, language, f"{shown} of {len(states)}", others or "–"


def missing_lines(made: "Build") -> Iterator[str]:
    """What the languages of the cards lack, and what the policy hides of them."""
    from deckgen.text.sizes import counted

    begun = {row[1] for row in _languages(made)}
    for counts in made.translated.counts:
        if counts.hidden:
            drafts = counted(counts.hidden, f"{counts.language} draft")
            yield f"{drafts} hidden, use --policy draft to show what nobody has reviewed yet"
        if counts.missing and counts.language in begun:
            blocks = counted(counts.missing, "block")
            yield f"{blocks} without a translation into {counts.language}: the source is shown"
