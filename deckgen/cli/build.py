"""``deckgen build``: sources to packages."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from deckgen import journal, receipt
from deckgen.cli.formats import findings_document
from deckgen.cli.options import Wanted, build_options
from deckgen.cli.report import human_size, print_changes, print_counts, print_diagnostics, print_table, progress_bar
from deckgen.cli.terminal import echo, escaped
from deckgen.diagnostics import RULES_ABOUT_IDENTITY, has_errors
from deckgen.files import own_path
from deckgen.memory import Memory
from deckgen.model import TextState
from deckgen.project import BUILD_DIR, CACHE_DIR, LOCK_NAME, MANIFEST_NAME, is_skipped
from deckgen.receipt import Account, Table

if TYPE_CHECKING:
    from deckgen.build import Build
    from deckgen.identity.lock import Lock
    from deckgen.output import Written


@click.command()
@build_options
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Where packages go; build/ by default.")
@click.option("--strict", is_flag=True, help="Write nothing when an error was reported.")
@click.option("--locked", is_flag=True, help="Fail when deckgen.lock would change.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of tables.")
@click.option("--allow-retire", is_flag=True, help="Accept that most questions are gone.")
def build(
    wanted: Wanted,
    out: Path | None,
    strict: bool,
    locked: bool,
    as_json: bool,
    allow_retire: bool,
) -> None:
    """Build the decks: one package with every card and one per category.

    CHAPTERS restricts the build to the questions of these files; without any, the whole project is built.
    """
    folder = out or wanted.root / BUILD_DIR
    journal.resume(folder, beside=wanted.root / LOCK_NAME)
    read = receipt.project_marks(wanted.root, without=folder, is_skipped=is_skipped)
    cache = own_path(wanted.root, CACHE_DIR)
    memory = Memory(cache if cache.is_dir() else None)
    flags = (wanted, strict, locked, allow_retire)
    key = memory.key("build", str(wanted.root.resolve()), str(folder.resolve()), repr(flags))
    account = None if as_json else receipt.recall(memory, key, read)
    memory.close()
    if account:
        _print(account)
        return
    account = _build(wanted, out, strict, locked, allow_retire, key, read, as_json=as_json)
    if has_errors(account.diagnostics):
        raise click.exceptions.Exit(1)


def _build(
    wanted: Wanted,
    out: Path | None,
    strict: bool,
    locked: bool,
    allow_retire: bool,
    key: bytes,
    read: tuple[receipt.Mark, ...],
    *,
    as_json: bool,
) -> Account:
    """Builds, says what came of it, and remembers that where another build would find nothing to do."""
    from deckgen.build import make_decks
    from deckgen.output import write_build

    project, findings = wanted.read()
    with progress_bar() as progress:
        made = make_decks(project, findings, wanted.options(project, allow_retire=allow_retire), progress)
        if wanted.is_strict(project):
            from deckgen.localisation import check_build

            made = replace(made, diagnostics=check_build(made, strict=True))
        written = write_build(made, out=out, strict=strict, locked=locked, progress=progress)
    account = _account(made, written)
    rules = {found.rule for found in written.diagnostics}
    if not (made.selected or has_errors(written.diagnostics) or rules & RULES_ABOUT_IDENTITY):
        memory = Memory(project.cache)
        left = [written.folder / name for name in (*(package.file for package in written.packages), MANIFEST_NAME)]
        receipt.keep(memory, key, read, (project.root / LOCK_NAME).resolve(), left, account)
        memory.close()
    if as_json:
        _print_json(made, written)
    else:
        _print(account, made)
    return account


def _print_json(made: Build, written: Written) -> None:
    """What ``deckgen check --format json`` prints, with the folder and its packages."""
    value = findings_document(written.diagnostics, made.changes) | {
        "folder": str(written.folder),
        "packages": [
            {"file": package.file, "edition": package.edition.name, "notes": package.notes, "bytes": package.bytes}
            for package in written.packages
        ],
    }
    click.echo(escaped(json.dumps(value, ensure_ascii=False, indent=2)))


def _print(account: Account, made: Build | None = None) -> None:
    print_diagnostics(account.diagnostics)
    for table in account.tables:
        print_table(table.title, table.header, table.rows)
    for line in account.lines:
        echo(line)
    if made:
        print_changes(made.changes)
        _print_future(made.lock)
    print_counts(account.diagnostics)


def _print_future(lock: Lock) -> None:
    from deckgen.identity.settling import future_times

    if count := future_times(lock, now=int(time.time())):
        echo(f"times in deckgen.lock that lie in the future: {count}; was a clock wrong? Mend them: deckgen lock mend")


def _account(made: Build, written: Written) -> Account:
    if not any(stamped.deck.notes for stamped in made.decks):
        return Account(diagnostics=written.diagnostics)
    packages = tuple((package.file, str(package.notes), human_size(package.bytes)) for package in written.packages)
    return Account(
        diagnostics=written.diagnostics,
        tables=(
            Table(title="Packages", header=("file", "notes", "size"), rows=packages),
            Table(
                title="Languages",
                header=("edition", "language", "notes shown", "of these"),
                rows=tuple(_languages(made)),
            ),
        ),
        lines=tuple(_lines(made, written)),
    )


def _languages(made: Build) -> Iterator[tuple[str, ...]]:
    for stamped in made.decks:
        deck = stamped.deck
        for position, language in enumerate(deck.edition.languages):
            if all(note.states[position] is TextState.MISSING for note in deck.notes):
                continue
            states = [note.states[position] for note in deck.notes]
            shown = sum(state is not TextState.MISSING for state in states)
            others = ", ".join(
                f"{states.count(state)} {state}"
                for state in TextState
                if state in states and state not in (TextState.SOURCE, TextState.REVIEWED)
            )
            yield deck.edition.name, language, f"{shown} of {len(states)}", others or "–"


def _lines(made: Build, written: Written) -> Iterator[str]:
    begun = {row[1] for row in _languages(made)}
    for counts in made.translated.counts:
        if counts.hidden:
            drafts = f"{counts.hidden} {counts.language} draft{'' if counts.hidden == 1 else 's'}"
            yield f"{drafts} hidden, use --policy draft to show what nobody has reviewed yet"
        if counts.missing and counts.language in begun:
            yield f"{counts.missing} blocks have no translation into {counts.language} and show the source"
    used = {picture.source: picture for stamped in made.decks for picture in stamped.deck.media}.values()
    before, after = sum(item.source_bytes for item in used), sum(item.size_bytes for item in used)
    yield f"{len(used)} images, {human_size(before)} before and {human_size(after)} after; in {written.folder}"
