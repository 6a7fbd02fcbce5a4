"""Is a package, or a whole release folder, what it should be? Opens it without trusting it and names what is wrong."""

from __future__ import annotations

import time
from pathlib import Path

from deckgen.apkg.contents import PackageContents
from deckgen.apkg.reader import read_package
from deckgen.diagnostics import DeckgenError, Diagnostic, Severity
from deckgen.identity.lock import Lock
from deckgen.releases.verify.findings import CHECKS, finding
from deckgen.releases.verify.folder import (
    judge_manifest,
    judge_record,
    judge_released,
    judge_sums,
    read_manifest,
    sum_folder,
)
from deckgen.releases.verify.importing import anki_is_installed, try_import
from deckgen.releases.verify.package import judge_package

__all__ = ["CHECKS", "verify_folder", "verify_package"]


def verify_package(
    path: Path, *, lock: Lock | None, with_anki: bool = True, now: int | None = None
) -> tuple[Diagnostic, ...]:
    """Everything wrong with one package. ``now`` is the clock's time by default, in seconds since the epoch."""
    _, found = _open(path, lock, now)
    if with_anki and not _has_errors(found):
        found += _import(path)
    return found


def verify_folder(
    folder: Path, *, lock: Lock | None, with_anki: bool = True, now: int | None = None
) -> tuple[Diagnostic, ...]:
    """Everything wrong with a release folder and its packages."""
    present, found = sum_folder(folder)
    found += tuple(judge_sums(folder, present))
    manifest, problems = read_manifest(folder)
    found += problems
    if manifest:
        found += (*judge_manifest(manifest, present), *judge_record(folder, manifest))
    promised = {package.file: package for package in manifest.packages} if manifest else {}
    for name in sorted(name for name in present if name.lower().endswith((".apkg", ".colpkg"))):
        contents, problems = _open(folder / name, lock, now)
        if contents and manifest and name in promised:
            problems += tuple(judge_released(promised[name], contents, manifest))
        if with_anki and not _has_errors(problems):
            problems += _import(folder / name)
        found += problems
    return tuple(dict.fromkeys(found))


def _open(path: Path, lock: Lock | None, now: int | None) -> tuple[PackageContents | None, tuple[Diagnostic, ...]]:
    try:
        contents = read_package(path)
    except DeckgenError as error:
        return None, (finding("unreadable", "", str(error), hint=error.hint),)
    return contents, judge_package(path.name, contents, now=int(time.time()) if now is None else now, lock=lock)


def _import(path: Path) -> tuple[Diagnostic, ...]:
    if not anki_is_installed():
        return (finding("not-imported", "", "the import was not tried: pip install anki"),)
    return try_import(path, read_package(path))


def _has_errors(found: tuple[Diagnostic, ...]) -> bool:
    return any(item.severity is Severity.ERROR for item in found)
