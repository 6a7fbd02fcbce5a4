"""What a build leaves on disk: packages, manifest and lock, from the decks that ``build`` made."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deckgen.apkg import write_package
from deckgen.build import Build
from deckgen.corpus import Progress, silent
from deckgen.diagnostics import Diagnostic, diagnostic, has_errors
from deckgen.files import own_path, read_optional, write_atomically
from deckgen.identity.lock import format_lock, parse_lock
from deckgen.identity.lock_changes import describe_changes
from deckgen.manifest import PackageRecord, describe_package, format_manifest, package_files
from deckgen.model import Key, Location, Profile, StampedDeck
from deckgen.project import BUILD_DIR, LOCK_NAME, MANIFEST_NAME, PARTIAL_DIR


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a build left on disk: the folder, its packages, and all findings including those of the writing."""

    folder: Path
    packages: tuple[PackageRecord, ...]
    diagnostics: tuple[Diagnostic, ...]


def write_build(
    made: Build, *, out: Path | None = None, strict: bool = False, locked: bool = False, progress: Progress = silent
) -> Written:
    """Writes the packages, the manifest and the lock, each in one step.

    After an error the packages go to ``partial/`` below the folder (nowhere when ``strict`` or without any card) and
    the lock stays as it is, so that a good package is never replaced by one that lacks something. A good build of the
    whole project takes what an earlier one left in ``partial/`` away.
    """
    findings = made.diagnostics
    lock_text = format_lock(made.lock)
    if locked and lock_text != (made.project.lock_text or ""):
        findings += (_lock_outdated(made),)
    folder = out or own_path(made.project.root, BUILD_DIR)
    failed = has_errors(findings)
    if failed and (strict or not any(stamped.deck.notes for stamped in made.decks)):
        return Written(folder=folder, packages=(), diagnostics=findings)
    if failed:
        folder = own_path(folder, PARTIAL_DIR)
    packages = _write_packages(made, folder, progress)
    if not failed and not made.selected and lock_text != made.project.lock_text:
        write_atomically(made.project.root / LOCK_NAME, lock_text.encode())
    if not failed and not made.selected:
        _remove_packages(folder / PARTIAL_DIR)
    return Written(folder=folder, packages=packages, diagnostics=findings)


def lock_changes(made: Build) -> tuple[str, ...]:
    """What writing the build would do to deckgen.lock, a line for each change; none where it stays as it is."""
    text = made.project.lock_text
    before = parse_lock(text, LOCK_NAME)[0] if text is not None else None
    return describe_changes(before, made.lock, made.changes)


def _write_packages(made: Build, folder: Path, progress: Progress) -> tuple[PackageRecord, ...]:
    """The package of all and those of the categories, then the manifest; packages of an earlier build that are no
    more are removed.
    """
    jobs = [job for stamped in made.decks for job in plan_packages(stamped, made)]
    records = []
    for done, (name, stamped, category) in enumerate(jobs):
        progress("package", done, len(jobs))
        chosen = None if category is None else frozenset((category,))
        write_package(stamped, folder / name, categories=chosen)
        notes = sum(chosen is None or note.category in chosen for note in stamped.deck.notes)
        records.append(describe_package(folder / name, edition=stamped.deck.edition, category=category, notes=notes))
    manifest = folder / MANIFEST_NAME
    stale = package_files(read_optional(manifest) or "") - {record.file for record in records}
    text = format_manifest(
        tuple(records),
        made.keyed.questions,
        made.decks,
        made.documents,
        project_id=made.keyed.project_id,
        version=made.version,
        profile=made.profile,
        translations=made.translated.counts,
    )
    write_atomically(manifest, text.encode())
    for file in () if made.selected else sorted(stale):
        (folder / file).unlink(missing_ok=True)
    return tuple(records)


def _remove_packages(folder: Path) -> None:
    """The packages that a build left in a folder, their manifest, and the folder if nothing else is in it."""
    files = package_files(read_optional(folder / MANIFEST_NAME) or "") if folder.is_dir() else frozenset()
    if not files:
        return
    for file in (*sorted(files), MANIFEST_NAME):
        (folder / file).unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        folder.rmdir()


def plan_packages(
    stamped: StampedDeck, made: Build, *, ending: str = ""
) -> Iterator[tuple[str, StampedDeck, Key | None]]:
    """File name, deck and category of each package of an edition; the names get ``ending`` before their suffix.

    Where chapters or categories were chosen there is no package of all: its name would promise more than it holds.
    """
    edition = stamped.deck.edition.name
    suffix = "" if made.profile is Profile.MOBILE else f"-{made.profile}"
    if not made.selected and stamped.deck.notes:
        yield f"{made.slug}-{edition}{suffix}{ending}.apkg", stamped, None
    for subdeck in stamped.deck.subdecks:
        yield f"{made.slug}-{edition}-{subdeck.order:02}-{subdeck.slug}{suffix}{ending}.apkg", stamped, subdeck.category


def _lock_outdated(made: Build) -> Diagnostic:
    return diagnostic(
        "lock-outdated",
        f"deckgen.lock would change: {'; '.join(lock_changes(made))}",
        Location(path=LOCK_NAME),
        hint="run “deckgen build” and commit deckgen.lock",
    )
