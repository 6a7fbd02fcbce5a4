"""A release folder's ``manifest.json`` and ``SHA256SUMS`` as values and as text; see docs/release-record.md."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deckgen.releases.records import Record

MANIFEST_VERSION = 1
SUMS_NAME = "SHA256SUMS"
_SUM = re.compile(r"([0-9a-f]{64}) [ *](.+)", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSum:
    """A file of the folder by its name, with its size and its SHA-256 in hex."""

    file: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasedPackage:
    """A package; ``category`` is the category's key, empty for the package that holds them all."""

    file: str
    edition: str
    category: str
    profile: str
    notes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasedMedia:
    """A picture as the packages of one profile hold it."""

    identity: str
    profile: str
    file: FileSum


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasedNote:
    """Each of these is by edition; ``media`` are identities."""

    key: str
    category: str
    guids: Mapping[str, str]
    hashes: Mapping[str, str]
    times: Mapping[str, int]
    media: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseManifest:
    """What a release folder holds, itself and its sums apart."""

    version: str
    time: int
    project_id: str
    origin: str
    licence: str
    packages: tuple[ReleasedPackage, ...]
    notes: tuple[ReleasedNote, ...]
    media: tuple[ReleasedMedia, ...]
    files: tuple[FileSum, ...]


def sum_file(path: Path) -> FileSum:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return FileSum(file=path.name, bytes=path.stat().st_size, sha256=digest.hexdigest())


def released_notes(record: Record) -> tuple[ReleasedNote, ...]:
    return tuple(
        ReleasedNote(
            key=note.key,
            category=note.category,
            guids={copy.edition: copy.guid for copy in note.copies},
            hashes={copy.edition: copy.hash for copy in note.copies},
            times={copy.edition: copy.time for copy in note.copies},
            media=note.media,
        )
        for note in record.notes
    )


# --- writing ----------------------------------------------------------------------------------------------------------


def format_sums(files: Iterable[FileSum]) -> str:
    """What ``sha256sum -c`` reads, sorted by name."""
    return "".join(f"{item.sha256}  {item.file}\n" for item in sorted(files, key=lambda item: item.file))


def format_manifest(manifest: ReleaseManifest) -> str:
    document = {
        "release-manifest": MANIFEST_VERSION,
        "project": manifest.project_id,
        "version": manifest.version,
        "time": manifest.time,
        "origin": manifest.origin,
        "licence": manifest.licence,
        "packages": [
            {
                "file": item.file,
                "edition": item.edition,
                "category": item.category or None,
                "profile": item.profile,
                "notes": item.notes,
            }
            for item in manifest.packages
        ],
        "notes": [
            {
                "key": note.key,
                "category": note.category,
                "guids": dict(note.guids),
                "hashes": dict(note.hashes),
                "modified": dict(note.times),
                "media": list(note.media),
            }
            for note in manifest.notes
        ],
        "media": [
            {"identity": item.identity, "profile": item.profile, **_file_object(item.file)} for item in manifest.media
        ],
        "files": [_file_object(item) for item in manifest.files],
    }
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def _file_object(item: FileSum) -> dict[str, Any]:
    return {"file": item.file, "bytes": item.bytes, "sha256": item.sha256}


# --- reading ----------------------------------------------------------------------------------------------------------


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


def parse_manifest(text: str) -> ReleaseManifest:
    """The manifest. ValueError, with the reason as its text, for anything that is none."""
    try:
        value = json.loads(text)
        version = value["release-manifest"]
        if not isinstance(version, int) or not 1 <= version <= MANIFEST_VERSION:
            raise ValueError(f"it has schema {version}; this deckgen reads up to {MANIFEST_VERSION}")
        return _manifest(value)
    except KeyError as error:
        raise ValueError(f"it lacks {error}") from error
    except (TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"something in it has the wrong type ({error})") from error


def _manifest(value: Mapping[str, Any]) -> ReleaseManifest:
    return ReleaseManifest(
        version=str(value["version"]),
        time=int(value["time"]),
        project_id=str(value["project"]),
        origin=str(value["origin"]),
        licence=str(value["licence"]),
        packages=tuple(
            ReleasedPackage(
                file=str(item["file"]),
                edition=str(item["edition"]),
                category=str(item["category"] or ""),
                profile=str(item["profile"]),
                notes=int(item["notes"]),
            )
            for item in value["packages"]
        ),
        notes=tuple(
            ReleasedNote(
                key=str(note["key"]),
                category=str(note["category"]),
                guids={str(edition): str(guid) for edition, guid in note["guids"].items()},
                hashes={str(edition): str(digest) for edition, digest in note["hashes"].items()},
                times={str(edition): int(time) for edition, time in note["modified"].items()},
                media=tuple(str(name) for name in note["media"]),
            )
            for note in value["notes"]
        ),
        media=tuple(
            ReleasedMedia(identity=str(item["identity"]), profile=str(item["profile"]), file=_file(item))
            for item in value["media"]
        ),
        files=tuple(_file(item) for item in value["files"]),
    )


def _file(value: Mapping[str, Any]) -> FileSum:
    return FileSum(file=str(value["file"]), bytes=int(value["bytes"]), sha256=str(value["sha256"]))
