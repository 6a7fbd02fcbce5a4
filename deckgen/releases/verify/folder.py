"""Judges a release folder: its sums, its manifest, its record, and whether the packages are what these say."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from deckgen.apkg.contents import PackageContents
from deckgen.diagnostics import DeckgenError, Diagnostic
from deckgen.project import Profile
from deckgen.project.layout import RECORD_NAME
from deckgen.releases import records
from deckgen.releases.snapshot import packaged_hash
from deckgen.releases.verify.package import finding
from deckgen.text.slugs import is_plain_name

_Found = Iterator[Diagnostic]


def sum_folder(folder: Path) -> tuple[Mapping[str, records.FileSum], tuple[Diagnostic, ...]]:
    """The files of the folder with their sums, and whatever is in it that is no plain file."""
    sums, found = {}, []
    for path in sorted(folder.iterdir()):
        if path.is_symlink() or not path.is_file():
            found.append(finding("stray-file", path.name, "it is no plain file"))
        else:
            sums[path.name] = records.sum_file(path)
    return sums, tuple(found)


def judge_sums(folder: Path, present: Mapping[str, records.FileSum]) -> _Found:
    """Whether SHA256SUMS names every file, and each is what it says."""
    text = _read(folder / records.SUMS_NAME)
    if text is None:
        packages = (folder / "*.apkg").as_posix() if any(name.endswith(".apkg") for name in present) else ""
        hint = f"if this is the folder of a build and not of a release: deckgen verify {packages}" if packages else ""
        yield finding("sums", records.SUMS_NAME, "it is missing, so nothing says what the files should be", hint=hint)
        return
    try:
        sums = records.parse_sums(text)
    except ValueError as error:
        yield finding("sums", records.SUMS_NAME, str(error))
        return
    for name, digest in sums.items():
        if not is_plain_name(name):
            yield finding("sums", records.SUMS_NAME, f"{name!r} is no plain file name")
        elif name not in present:
            yield finding("sums", name, "SHA256SUMS names it, and it is missing")
        elif present[name].sha256 != digest:
            yield finding("sums", name, "it is not the file that SHA256SUMS was made of", hint="download it again")
    for name in present:
        if name != records.SUMS_NAME and name not in sums:
            yield finding("stray-file", name, "SHA256SUMS does not name it")


def read_manifest(folder: Path) -> tuple[records.ReleaseManifest | None, tuple[Diagnostic, ...]]:
    text = _read(folder / records.MANIFEST_NAME) or _read(folder / records.FORMER_NAME)
    if text is None:
        return None, (finding("manifest", records.MANIFEST_NAME, "it is missing"),)
    try:
        return records.parse_manifest(text), ()
    except ValueError as error:
        return None, (finding("manifest", records.MANIFEST_NAME, f"it is not a release's manifest: {error}"),)


def judge_manifest(manifest: records.ReleaseManifest, present: Mapping[str, records.FileSum]) -> _Found:
    """Whether the manifest names every file but itself and the sums, as it is."""
    named = {item.file: item for item in manifest.files}
    for name, item in named.items():
        if name not in present:
            yield finding("manifest", records.MANIFEST_NAME, f"it names {name}, which is missing")
        elif present[name] != item:
            yield finding("manifest", records.MANIFEST_NAME, f"{name} has not the size or the sum that it says")
    own = records.MANIFEST_NAME if records.MANIFEST_NAME in present else records.FORMER_NAME
    for name in sorted(present.keys() - named.keys() - {own, records.SUMS_NAME}):
        yield finding("manifest", records.MANIFEST_NAME, f"it does not name {name}")
    packages = {item.file for item in manifest.packages}
    for name in sorted(name for name in present if name.endswith(".apkg") and name not in packages):
        yield finding("manifest", records.MANIFEST_NAME, f"it does not name the package {name}")
    for name in sorted(packages - named.keys()):
        yield finding("manifest", records.MANIFEST_NAME, f"the package {name} is not among its files")


def judge_record(folder: Path, manifest: records.ReleaseManifest) -> _Found:
    text = _read(folder / RECORD_NAME)
    if text is None:
        yield finding("record", RECORD_NAME, "it is missing")
        return
    try:
        record = records.parse_record(text, RECORD_NAME)
    except DeckgenError as error:
        line = f", line {error.location.line}" if error.location else ""
        yield finding("record", RECORD_NAME, f"{error}{line}")
        return
    if (record.version, record.time, record.project_id) != (manifest.version, manifest.time, manifest.project_id):
        yield finding("record", RECORD_NAME, "it is of another release than the manifest")
    if records.released_notes(record) != manifest.notes:
        yield finding("record", RECORD_NAME, "its notes are not those of the manifest")


def judge_released(file: str, contents: PackageContents, manifest: records.ReleaseManifest) -> _Found:
    """Whether a package holds the notes and images that the manifest promises of its file, in their order."""
    package = {item.file: item for item in manifest.packages}.get(file)
    if package is None:
        return
    edition = package.edition
    promised = [note for note in manifest.notes if edition in note.guids and package.holds(note.category)]
    found = sorted(contents.notes, key=lambda note: note.due)
    if len(found) != package.notes:
        yield finding("manifest", file, f"it has {len(found)} notes for the {package.notes} of the manifest")
    if [note.guid for note in found] != [note.guids[edition] for note in promised]:
        yield finding("manifest", file, "its notes are not those of the manifest, in their order")
        return
    pairs = list(zip(found, promised, strict=True))
    # In desktop packages notes with images are a second later (see build); deckgen 0.2 made them without.
    later = package.profile == Profile.DESKTOP
    if wrong := [
        there.key
        for note, there in pairs
        if note.time - there.times.get(edition, 0) not in (0, later * bool(there.media))
    ]:
        yield finding("manifest", file, f"changed at another time than the manifest says: {', '.join(wrong[:5])}")
    if wrong := [there.key for note, there in pairs if packaged_hash(note) != there.hashes.get(edition)]:
        yield finding("manifest", file, f"not the texts that the manifest was made of: {', '.join(wrong[:5])}")
    sums = {item.file: item for item in manifest.media if item.profile == package.profile}
    for item in contents.media:
        if item.name not in sums:
            yield finding("manifest", file, f"the manifest does not know the image {item.name}")
        elif (sums[item.name].bytes, sums[item.name].sha256) != (item.size_bytes, item.sha256):
            yield finding("manifest", file, f"the image {item.name} is not the one of the manifest")


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
