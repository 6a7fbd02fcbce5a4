"""Writes a planned release: the whole folder aside, then record and lock together, then the folder in its place."""

import hashlib
import shutil
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from deckgen.apkg import write_package
from deckgen.corpus import Progress, silent
from deckgen.diagnostics import DeckgenError
from deckgen.identity.lock import format_lock
from deckgen.output import plan_packages
from deckgen.output.manifest import PackagePart
from deckgen.project import journal
from deckgen.project.files import own_path, read_optional
from deckgen.project.layout import BUILD_DIR, LOCK_NAME, RECORD_NAME, RELEASE_DIR, record_path
from deckgen.project.reading import licence_files, screenshots
from deckgen.releases import records
from deckgen.releases.page import NOTES_NAMES, PackageSums, format_notes, format_page
from deckgen.releases.plan import Release
from deckgen.releases.verify import verify_folder

ORIGIN_NAME = "ORIGIN.txt"
PAGE_NAME = "index.html"


class WrittenRelease(Struct, frozen=True, kw_only=True):
    """``recorded`` says whether record or lock are others than before, ``changed`` whether anything on disk is."""

    folder: Path
    packages: PackageSums
    recorded: bool
    changed: bool


def write_release(release: Release, *, out: Path | None = None, progress: Progress = silent) -> WrittenRelease:
    """Writes ``vX.Y.Z`` into ``out`` (``build/release`` of the project), the record and the lock.

    A folder that is there already with the same bytes is left alone. DeckgenError where the release is refused, the
    folder does not pass its own verification or the disk refuses; then everything is as before.
    """
    if release.refusals:
        raise DeckgenError(f"{release.version} is not released:" + _listed(release.refusals))
    root = release.project.root
    target = own_path(out or own_path(root, f"{BUILD_DIR}/{RELEASE_DIR}"), f"v{release.version}")
    try:
        target.mkdir(parents=True, exist_ok=True)
        with journal.alone(target):
            journal.sweep(target)
            with journal.staging(target) as stage:
                packages = _fill(stage, release, progress)
                findings = verify_folder(stage, lock=None, with_anki=False)
                if errors := [found.message for found in findings if found.severity == "error"]:
                    raise DeckgenError("the release does not pass its own verification:" + _listed(errors))
                recorded = _keep_record(release, root)
                changed = _put(stage, target)
    except OSError as error:
        raise DeckgenError(f"cannot write the release: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            target.rmdir()  # where it is empty
    return WrittenRelease(folder=target, packages=packages, recorded=recorded, changed=recorded or changed)


def _listed(reasons: Iterable[str]) -> str:
    return "".join(f"\n  - {reason}" for reason in reasons)


def _keep_record(release: Release, root: Path) -> bool:
    """Puts the record and the lock in their places together, since one without the other stops every command.

    DeckgenError where the lock is no longer the one that the release was planned with: another command wrote it.
    """
    record, lock = own_path(root, record_path(str(release.version))), root / LOCK_NAME
    texts = {record: records.format_record(release.record).encode(), lock: format_lock(release.builds[0].lock).encode()}
    if all(path.is_file() and path.read_bytes() == text for path, text in texts.items()):
        return False
    record.parent.mkdir(exist_ok=True)
    with journal.alone(record.parent), journal.staging(record.parent) as stage:
        if (read_optional(lock) or "") not in (release.project.lock_text or "", texts[lock].decode()):
            raise DeckgenError(f"another command has written {LOCK_NAME} meanwhile", hint="run this again")
        (stage / record.name).write_bytes(texts[record])
        journal.commit(stage, files=[record.name], removed=(), beside=lock, data=texts[lock])
    return True


def _put(stage: Path, target: Path) -> bool:
    fresh, there = (
        {path.name: records.sum_file(path) for path in folder.iterdir() if path.is_file()} for folder in (stage, target)
    )
    if fresh == there:
        return False
    journal.commit(stage, files=sorted(fresh), removed=sorted(there.keys() - fresh.keys()))
    return True


def _fill(folder: Path, release: Release, progress: Progress) -> PackageSums:
    root = release.project.root
    packages = {item: records.sum_file(folder / item.file) for item in _write_packages(folder, release, progress)}
    licences = [shutil.copyfile(path, folder / path.name).name for path in licence_files(root)]
    images = [shutil.copyfile(path, folder / f"picture-{path.name}").name for path in screenshots(root)]
    _write(folder / RECORD_NAME, records.format_record(release.record))
    _write(folder / ORIGIN_NAME, "\n".join(_origin(release, licences)) + "\n")
    for language, name in NOTES_NAMES.items():
        _write(folder / name, format_notes(release, packages, language))
    page = format_page(release, packages, images=images, licences=(*licences, ORIGIN_NAME))
    _write(folder / PAGE_NAME, page)
    files = tuple(records.sum_file(path) for path in sorted(folder.iterdir()))
    _write(folder / records.MANIFEST_NAME, records.format_manifest(_manifest(release, tuple(packages), files)))
    _write(folder / records.SUMS_NAME, records.format_sums((*files, records.sum_file(folder / records.MANIFEST_NAME))))
    return packages


def _write(path: Path, text: str) -> None:
    path.write_bytes(text.encode())


def _origin(release: Release, licences: Iterable[str]) -> Iterator[str]:
    """Where the deck comes from; the sums of the chapters tell of which revision it was made."""
    config = release.project.config
    yield f"{release.title(config.language)} {release.version}"
    if config.origin:
        yield f"来源 Origin: {config.origin}"
    if config.licence:
        yield f"许可证 Licence of the content: {config.licence}"
    if names := ", ".join(licences):
        yield f"许可证全文 Licence texts: {names}"
    yield ""
    yield "章节 Chapters (SHA-256):"
    for source in release.project.sources:
        yield f"{hashlib.sha256(source.text.encode()).hexdigest()}  {source.path}"


def _write_packages(folder: Path, release: Release, progress: Progress) -> Iterator[records.ReleasedPackage]:
    """Every package of every profile, those left out whose images are those of an earlier profile, byte for byte."""
    jobs = [
        (number, made, job)
        for number, made in enumerate(release.builds)
        for stamped in made.decks
        for job in plan_packages(stamped, made, ending=f"-v{release.version}")
    ]
    seen: dict[tuple[str, PackagePart], list[tuple[str, ...]]] = defaultdict(list)
    for done, (number, made, (name, stamped, part)) in enumerate(jobs):
        progress("package", done, len(jobs))
        files = sorted(stamped.deck.media, key=lambda item: item.identity)
        images = tuple(records.sum_file(item.path).sha256 for item in files)
        earlier = seen[stamped.deck.edition.name, part]
        if number and images in earlier:
            continue
        earlier.append(images)
        write_package(stamped, folder / name)
        yield records.ReleasedPackage(
            file=name,
            edition=stamped.deck.edition.name,
            category=part.category,
            profile=made.profile.value,
            notes=len(stamped.deck.notes),
            chapter=part.chapter,
            categories=part.categories if part.chapter else (),
        )


def _manifest(
    release: Release, packages: tuple[records.ReleasedPackage, ...], files: tuple[records.FileSum, ...]
) -> records.ReleaseManifest:
    record, config = release.record, release.project.config
    return records.ReleaseManifest(
        schema=records.MANIFEST_VERSION,
        version=record.version,
        time=record.time,
        project_id=record.project_id,
        origin=config.origin,
        licence=config.licence,
        packages=packages,
        notes=records.released_notes(record),
        media=tuple(
            records.ReleasedMedia(
                identity=item.identity,
                profile=made.profile.value,
                file=item.name,
                bytes=(summed := records.sum_file(item.path)).bytes,
                sha256=summed.sha256,
            )
            for made in release.builds
            if made.profile.value in {package.profile for package in packages}
            for _, item in sorted({item.name: item for stamped in made.decks for item in stamped.deck.media}.items())
        ),
        files=files,
    )
