"""A release folder's ``release.json`` and ``SHA256SUMS`` as values and as text; see docs/release-record.md."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from deckgen.releases.records import Record

MANIFEST_VERSION = 1
MANIFEST_NAME = "release.json"
FORMER_NAME = "manifest.json"
"""What the manifest of the release 0.1.0 is called, as that of a build still is."""
SUMS_NAME = "SHA256SUMS"
_SUM = re.compile(r"([0-9a-f]{64}) [ *](.+)", re.ASCII)


class FileSum(msgspec.Struct, frozen=True, kw_only=True):
    """A file of the folder by its name, with its size and its SHA-256 in hex."""

    file: str
    bytes: int
    sha256: str


class ReleasedPackage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A package: ``category`` is a category's key, or ``chapter`` a chapter's title beside its ``categories``; a
    package of all has neither.
    """

    file: str
    edition: str
    category: str | None
    profile: str
    notes: int
    chapter: str | None = None
    categories: tuple[str, ...] = ()

    @property
    def first_category(self) -> str:
        """Of a part; empty for the package of all."""
        return self.category or "".join(self.categories[:1])

    def holds(self, category: str) -> bool:
        """Whether the notes of a category are in it."""
        return category in self.categories if self.chapter else self.category in (None, category)


class ReleasedMedia(msgspec.Struct, frozen=True, kw_only=True):
    """An image as the packages of one profile hold it."""

    identity: str
    profile: str
    file: str
    bytes: int
    sha256: str


class ReleasedNote(msgspec.Struct, frozen=True, kw_only=True, rename={"times": "modified"}):
    """Each of these is by edition; ``media`` are identities."""

    key: str
    category: str
    guids: dict[str, str]
    hashes: dict[str, str]
    times: dict[str, int]
    media: tuple[str, ...]


class ReleaseManifest(
    msgspec.Struct, frozen=True, kw_only=True, rename={"schema": "release-manifest", "project_id": "project"}
):
    """What a release folder holds, itself and its sums apart."""

    schema: int
    project_id: str
    version: str
    time: int
    origin: str
    licence: str
    packages: tuple[ReleasedPackage, ...]
    notes: tuple[ReleasedNote, ...]
    media: tuple[ReleasedMedia, ...]
    files: tuple[FileSum, ...]


def sum_file(path: Path) -> FileSum:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    return FileSum(file=path.name, bytes=path.stat().st_size, sha256=digest.hexdigest())


def released_notes(record: Record) -> tuple[ReleasedNote, ...]:
    return tuple(
        ReleasedNote(
            key=note.key,
            category=note.category,
            guids={edition: copy.guid for edition, copy in note.copies.items()},
            hashes={edition: copy.hash for edition, copy in note.copies.items()},
            times={edition: copy.time for edition, copy in note.copies.items()},
            media=note.media,
        )
        for note in record.notes
    )


def format_sums(files: Iterable[FileSum]) -> str:
    """What ``sha256sum -c`` reads, sorted by name."""
    return "".join(f"{item.sha256}  {item.file}\n" for item in sorted(files, key=lambda item: item.file))


def parse_sums(text: str) -> Mapping[str, str]:
    """File name → SHA-256. ValueError, with the reason as its text, for a line of another form or a repeated name."""
    sums: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        found = _SUM.fullmatch(line)
        if not found:
            raise ValueError(f"line {number} is no sum of a file")
        if found[2] in sums:
            raise ValueError(f"line {number} names {found[2]} again")
        sums[found[2]] = found[1]
    return sums


def format_manifest(manifest: ReleaseManifest) -> str:
    return msgspec.json.format(msgspec.json.encode(manifest), indent=1).decode() + "\n"


def parse_manifest(text: str) -> ReleaseManifest:
    """The manifest. ValueError, with the reason and its place as its text, for anything that is none."""
    try:
        manifest = msgspec.json.decode(text, type=ReleaseManifest)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if not 1 <= manifest.schema <= MANIFEST_VERSION:
        raise ValueError(f"it has schema {manifest.schema}; this deckgen reads up to {MANIFEST_VERSION}")
    return manifest
