"""What a build leaves on disk: packages, manifest and lock, from the decks that ``build`` made."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from deckgen.build import Build
from deckgen.corpus import Progress, silent
from deckgen.decks import split
from deckgen.diagnostics import Diagnostic, diagnostic, has_errors
from deckgen.identity.changes import describe_changes
from deckgen.identity.lock import format_lock, parse_lock
from deckgen.identity.succession import keep_texts
from deckgen.memory.receipt import file_mark
from deckgen.memory.store import Decoder, Memory, encoded
from deckgen.memory.workers import give_back_memory, map_in_processes, without_collector
from deckgen.model import Location, StampedDeck
from deckgen.output.manifest import ManifestPackage, PackagePart, describe_package, format_manifest, package_files
from deckgen.project import Packages, Profile, journal
from deckgen.project.files import own_path, read_optional
from deckgen.project.layout import BUILD_DIR, LOCK_NAME, MANIFEST_NAME, PARTIAL_DIR
from deckgen.text.slugs import ascii_slug

_MOST_PARTS = 48
_LEFT = Decoder(tuple[tuple[int, ...], ManifestPackage])
"""The mark of a package as a build left it, and what the manifest says of it."""
_MANY_NOTES = 5000
"""From which on it pays to begin other processes."""


class Written(Struct, frozen=True, kw_only=True):
    """What a build left on disk: the folder, its packages, and all findings including those of the writing."""

    folder: Path
    packages: tuple[ManifestPackage, ...]
    diagnostics: tuple[Diagnostic, ...]


def write_build(
    made: Build, *, out: Path | None = None, strict: bool = False, locked: bool = False, progress: Progress = silent
) -> Written:
    """Writes packages, manifest and lock, all or none of them; packages that are there already stay as they are.

    After an error the packages go to ``partial/`` below the folder (nowhere when ``strict`` or without any card) and
    the lock keeps only what known questions say now, so that a good package is never replaced by one that lacks
    something. A good build of the whole project takes what an earlier one left in ``partial/`` away. OSError where
    something cannot be written.
    """
    findings = made.diagnostics
    made.material.documents.forget_long()
    give_back_memory()
    lock_text = format_lock(made.lock)
    if locked and lock_text != (made.project.lock_text or ""):
        message = f"deckgen.lock would change: {'; '.join(lock_changes(made))}"
        hint = "run “deckgen build” and commit deckgen.lock"
        findings += (diagnostic("lock-outdated", message, Location(path=LOCK_NAME), hint=hint),)
    folder = out or own_path(made.project.root, BUILD_DIR)
    failed = has_errors(findings)
    if failed and (strict or not any(stamped.deck.notes for stamped in made.decks)):
        return Written(folder=folder, packages=(), diagnostics=findings)
    if failed:
        folder = own_path(folder, PARTIAL_DIR)
    whole = not failed and made.whole
    if not whole:
        lock_text = _texts_kept(made) if failed and made.whole and not locked else made.project.lock_text or ""
    lock = made.project.root / LOCK_NAME if lock_text != (made.project.lock_text or "") else None
    lock_data, lock_text = lock_text.encode(), ""
    give_back_memory()
    folder.mkdir(parents=True, exist_ok=True)
    with journal.alone(folder):
        journal.sweep(folder, beside=lock)
        if whole:
            journal.sweep(folder / PARTIAL_DIR)
        packages = _write_packages(made, folder, progress, lock, lock_data, whole=whole)
    return Written(folder=folder, packages=packages, diagnostics=findings)


def _texts_kept(made: Build) -> str:
    """The lock after a build with errors; empty where there is none yet."""
    text = made.project.lock_text
    before = parse_lock(text)[0] if text else None
    kept = keep_texts(before, made.lock) if before else None
    return format_lock(kept) if kept and kept != before else text or ""


def lock_changes(made: Build) -> tuple[str, ...]:
    """What writing the build would do to deckgen.lock, a line for each change; none where it stays as it is."""
    text = made.project.lock_text
    before = parse_lock(text)[0] if text is not None else None
    return describe_changes(before, made.lock, made.matched.changes)


def _write_packages(
    made: Build, folder: Path, progress: Progress, lock: Path | None, lock_data: bytes, *, whole: bool
) -> tuple[ManifestPackage, ...]:
    """The packages, the manifest and the lock; of a whole build packages of an earlier one that are no more go."""
    memory = Memory(made.project.cache)
    jobs = [job for stamped in made.decks for job in plan_packages(stamped, made)]
    keys = {name: memory.key("package", package_digest(stamped, part)) for name, stamped, part in jobs}
    known = memory.decoded(keys.values(), _LEFT)
    progress("package", 0, len(jobs))
    with journal.staging(folder) as stage, without_collector():
        packages = {
            name: left[1] for name in keys if (left := known.get(keys[name])) and left[0] == file_mark(folder / name)
        }
        missing = [(stage / name, stamped, part) for name, stamped, part in jobs if name not in packages]
        much = sum(len(stamped.deck.notes) for _, stamped, _ in missing) > _MANY_NOTES
        written = list(map_in_processes(_written, missing, jobs=made.jobs if much else 1, chunk=1))
        fresh = [package.file for package in written]
        packages.update(zip(fresh, written, strict=True))
        before = read_optional(folder / MANIFEST_NAME) or ""
        text = format_manifest([packages[name] for name in keys], made)
        if text != before:
            (stage / MANIFEST_NAME).write_bytes(text.encode())
            fresh.append(MANIFEST_NAME)
        stale = [*(package_files(before) - packages.keys()), *_partial(folder)] if whole else []
        if fresh or stale or lock:
            journal.commit(stage, files=fresh, removed=sorted(stale), beside=lock, data=lock_data)
    memory.keep({keys[one.file]: encoded((file_mark(folder / one.file) or (), one)) for one in written})
    memory.close()
    return tuple(packages[name] for name in keys)


def _written(job: tuple[Path, StampedDeck, PackagePart]) -> ManifestPackage:
    from deckgen.apkg import write_package  # takes as long to import as a build that changes nothing

    path, stamped, part = job
    write_package(stamped, path)
    return describe_package(path, stamped, part)


def _partial(folder: Path) -> list[str]:
    """What a build with errors left: its packages and their manifest, relative to the folder of the good ones."""
    folder = folder / PARTIAL_DIR
    files = package_files(read_optional(folder / MANIFEST_NAME) or "") if folder.is_dir() else frozenset()
    return [f"{PARTIAL_DIR}/{file}" for file in (*files, MANIFEST_NAME)] if files else []


def package_digest(stamped: StampedDeck, part: PackagePart) -> str:
    """Of all that the bytes of a package depend on, code and libraries apart, in hex.

    A note's own hash covers its fields, its tags and which images it shows; where an image is kept tells its bytes.
    """
    deck = stamped.deck
    digest = hashlib.sha256()
    for note, time in zip(deck.notes, stamped.note_times, strict=True):
        digest.update(encoded((note.guid, note.content_hash, note.category, note.position, time, note.media)))
    media = [(file.name, file.path.name, file.size_bytes) for file in deck.media]
    rest = (deck.edition, deck.id, deck.name, deck.description, deck.note_type, deck.subdecks)
    everything = (part, rest, stamped.note_type_time, stamped.created, media)
    digest.update(repr(everything).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def plan_packages(
    stamped: StampedDeck, made: Build, *, ending: str = ""
) -> Iterator[tuple[str, StampedDeck, PackagePart]]:
    """File name, contents and part of each package of an edition; the names get ``ending`` before their suffix.

    Where chapters or categories were chosen there is no package of all: its name would promise more than it holds.
    """
    name = f"{made.book.slug}-{stamped.deck.edition.name}"
    suffix = "" if made.profile is Profile.MOBILE else f"-{made.profile}"
    if made.whole and stamped.deck.notes:
        yield f"{name}{suffix}{ending}.apkg", stamped, PackagePart()
    parts = list(_parts(stamped, made))
    contents = split(stamped, [frozenset(part.categories) for _, part in parts])
    for (number_and_slug, part), deck in zip(parts, contents, strict=True):
        yield f"{name}-{number_and_slug}{suffix}{ending}.apkg", deck, part


def _parts(stamped: StampedDeck, made: Build) -> Iterator[tuple[str, PackagePart]]:
    """What there are packages of beside the one of all, each with what its file name says of it."""
    known = {item.key: item for item in made.matched.corpus.categories}
    homes = list(dict.fromkeys(item.chapter.home for item in known.values()))
    wanted = made.project.config.packages or _default_packages(len(known), len(homes))
    if wanted is Packages.CATEGORIES or (wanted is Packages.ALL and not made.whole):
        for item in stamped.deck.subdecks:
            key, title = item.category, str(known[item.category].title)
            yield f"{item.order:02}-{item.slug}", PackagePart(category=key, title=title, categories=(key,))
    elif wanted is Packages.CHAPTERS:
        for number, home in enumerate(homes, 1):
            keys = tuple(item.category for item in stamped.deck.subdecks if known[item.category].chapter.home == home)
            if keys:
                title = str(known[keys[0]].chapter.title)
                yield f"{number:02}-{ascii_slug(title) or keys[0]}", PackagePart(chapter=title, categories=keys)


def _default_packages(categories: int, chapters: int) -> Packages:
    """Files that a learner can still choose among; that of the only category would be the one of all once more."""
    if 1 < categories <= _MOST_PARTS:
        return Packages.CATEGORIES
    return Packages.CHAPTERS if 1 < chapters <= _MOST_PARTS else Packages.ALL
