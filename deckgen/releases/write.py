"""Writes a planned release: the whole folder aside, then record and lock together, then the folder in its place."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from deckgen.apkg import write_package
from deckgen.build import Build
from deckgen.corpus import Progress, silent
from deckgen.decks import card_settings
from deckgen.diagnostics import DeckgenError
from deckgen.model import Deck
from deckgen.output import plan_packages
from deckgen.output.manifest import Part
from deckgen.project import journal
from deckgen.project.files import own_path
from deckgen.project.layout import BUILD_DIR, LOCK_NAME, RECORD_NAME, RELEASE_DIR
from deckgen.project.reading import licence_files, record_path, screenshots
from deckgen.releases.notes import NOTES_NAMES, ORIGIN_NAME, format_notes, format_origin
from deckgen.releases.page import PageFacts, format_page
from deckgen.releases.plan import Plan
from deckgen.releases.release_manifest import (
    MANIFEST_NAME,
    MANIFEST_VERSION,
    SUMS_NAME,
    FileSum,
    ReleasedMedia,
    ReleasedPackage,
    ReleaseManifest,
    format_manifest,
    format_sums,
    released_notes,
    sum_file,
)
from deckgen.releases.verify import verify_folder

PAGE_NAME = "index.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenRelease:
    """``changed`` says whether anything on disk is another than before."""

    folder: Path
    packages: tuple[ReleasedPackage, ...]
    sums: tuple[FileSum, ...]
    changed: bool


def write_release(plan: Plan, *, out: Path | None = None, progress: Progress = silent) -> WrittenRelease:
    """Writes ``vX.Y.Z`` into ``out`` (``build/release`` of the project), the record and the lock.

    A folder that is there already with the same bytes is left alone. DeckgenError where the folder does not pass its
    own verification or the disk refuses; then everything is as before.
    """
    project = plan.builds[0].project
    target = (out or own_path(project.root, f"{BUILD_DIR}/{RELEASE_DIR}")) / f"v{plan.version}"
    try:
        target.mkdir(parents=True, exist_ok=True)
        with journal.alone(target), _only_if_filled(target):
            journal.sweep(target)
            with journal.staging(target) as stage:
                packages, sums = _fill(stage, plan, progress)
                _approve(stage)
                changed = [_keep_record(plan, project.root), _put(stage, target)]
    except OSError as error:
        raise DeckgenError(f"cannot write the release: {error.strerror or error}") from error
    return WrittenRelease(folder=target, packages=packages, sums=sums, changed=any(changed))


@contextmanager
def _only_if_filled(folder: Path) -> Iterator[None]:
    """Leaves no empty folder behind."""
    try:
        yield
    finally:
        with suppress(OSError):
            folder.rmdir()


def _approve(folder: Path) -> None:
    findings = verify_folder(folder, lock=None, with_anki=False)
    if errors := [found.message for found in findings if found.severity == "error"]:
        raise DeckgenError("the release does not pass its own verification:" + "".join(f"\n  - {e}" for e in errors))


def _keep_record(plan: Plan, root: Path) -> bool:
    """Puts the record and the lock in their places together, since one without the other stops every command."""
    record, lock = own_path(root, record_path(str(plan.version))), root / LOCK_NAME
    texts = {record: plan.record_text.encode(), lock: plan.lock_text.encode()}
    if all(path.is_file() and path.read_bytes() == text for path, text in texts.items()):
        return False
    record.parent.mkdir(exist_ok=True)
    with journal.alone(record.parent), journal.staging(record.parent) as stage:
        (stage / record.name).write_bytes(texts[record])
        journal.commit(stage, files=[record.name], removed=(), beside=lock, data=texts[lock])
    return True


def _put(stage: Path, target: Path) -> bool:
    fresh, there = (
        {path.name: sum_file(path) for path in folder.iterdir() if path.is_file()} for folder in (stage, target)
    )
    if fresh == there:
        return False
    journal.commit(stage, files=sorted(fresh), removed=sorted(there.keys() - fresh.keys()))
    return True


# --- the files --------------------------------------------------------------------------------------------------------


def _fill(folder: Path, plan: Plan, progress: Progress) -> tuple[tuple[ReleasedPackage, ...], tuple[FileSum, ...]]:
    made = plan.builds[0]
    config = made.project.config
    packages = _write_packages(folder, plan, progress)
    licences = tuple(_copy(path, folder / path.name) for path in licence_files(made.project.root))
    images = tuple(_copy(path, folder / f"picture-{path.name}") for path in screenshots(made.project.root))
    sums = {package.file: sum_file(folder / package.file) for package in packages}
    title = made.titles.get(config.language) or next(iter(made.titles.values()))
    _write(folder / RECORD_NAME, plan.record_text)
    _write(
        folder / ORIGIN_NAME,
        format_origin(
            title=title,
            version=str(plan.version),
            origin=config.origin,
            licence=config.licence,
            sources=[(source.path, source.text) for source in made.project.sources],
            licences=licences,
        ),
    )
    for language, name in NOTES_NAMES.items():
        heading = made.titles.get(language, title)
        _write(folder / name, format_notes(plan.diff, language, title=heading, packages=packages, sums=sums))
    _write(
        folder / PAGE_NAME,
        format_page(
            PageFacts(
                record=plan.record,
                diff=plan.diff,
                titles=made.titles,
                descriptions=config.descriptions,
                packages=packages,
                sums=sums,
                images=images,
                licences=(*licences, ORIGIN_NAME),
                origin=config.origin,
                licence=config.licence,
                accent=card_settings(made.project)[0].accent,
            )
        ),
    )
    files = tuple(sum_file(path) for path in sorted(folder.iterdir()))
    _write(folder / MANIFEST_NAME, format_manifest(_manifest(plan, packages, files)))
    _write(folder / SUMS_NAME, format_sums((*files, sum_file(folder / MANIFEST_NAME))))
    return packages, files


def _write(path: Path, text: str) -> None:
    path.write_bytes(text.encode())


def _copy(source: Path, target: Path) -> str:
    shutil.copyfile(source, target)
    return target.name


def _write_packages(folder: Path, plan: Plan, progress: Progress) -> tuple[ReleasedPackage, ...]:
    """Every package of every profile, those left out whose images are those of an earlier profile, byte for byte."""
    jobs = [
        (number, made, job)
        for number, made in enumerate(plan.builds)
        for stamped in made.decks
        for job in plan_packages(stamped, made, ending=f"-v{plan.version}")
    ]
    seen: dict[tuple[str, Part], list[tuple[str, ...]]] = {}
    packages = []
    for done, (number, made, (name, stamped, part)) in enumerate(jobs):
        progress("package", done, len(jobs))
        images = _image_sums(stamped.deck)
        earlier = seen.setdefault((stamped.deck.edition.name, part), [])
        if number and images in earlier:
            continue
        earlier.append(images)
        write_package(stamped, folder / name)
        packages.append(
            ReleasedPackage(
                file=name,
                edition=stamped.deck.edition.name,
                category=part.category,
                profile=made.profile.value,
                notes=len(stamped.deck.notes),
                chapter=part.chapter,
                categories=part.categories if part.chapter else (),
            )
        )
    return tuple(packages)


def _image_sums(deck: Deck) -> tuple[str, ...]:
    """The sums of a package's images in the order of what they are images of."""
    files = sorted(deck.media, key=lambda item: item.identity)
    return tuple(hashlib.sha256(item.path.read_bytes()).hexdigest() for item in files)


def _manifest(plan: Plan, packages: tuple[ReleasedPackage, ...], files: tuple[FileSum, ...]) -> ReleaseManifest:
    config = plan.builds[0].project.config
    return ReleaseManifest(
        schema=MANIFEST_VERSION,
        version=str(plan.version),
        time=plan.record.time,
        project_id=plan.record.project_id,
        origin=config.origin,
        licence=config.licence,
        packages=packages,
        notes=released_notes(plan.record),
        media=tuple(_media(plan.builds, {package.profile for package in packages})),
        files=files,
    )


def _media(builds: Sequence[Build], profiles: set[str]) -> Iterator[ReleasedMedia]:
    for made in builds:
        if made.profile.value not in profiles:
            continue
        files = {item.name: item for stamped in made.decks for item in stamped.deck.media}
        for name, item in sorted(files.items()):
            summed = sum_file(item.path)
            yield ReleasedMedia(
                identity=item.identity,
                profile=made.profile.value,
                file=name,
                bytes=summed.bytes,
                sha256=summed.sha256,
            )
