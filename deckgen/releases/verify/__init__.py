"""Is a package, or a whole release folder, what it should be? Opens it without trusting it and names what is wrong."""

import time
from pathlib import Path
from tempfile import TemporaryDirectory

from deckgen.apkg.contents import PackageContents
from deckgen.apkg.reader import read_package, unpack_media
from deckgen.diagnostics import DeckgenError, Diagnostic, has_errors
from deckgen.identity.lock import Lock
from deckgen.releases.verify.browser import judge_in_browser
from deckgen.releases.verify.folder import (
    judge_manifest,
    judge_record,
    judge_released,
    judge_sums,
    read_manifest,
    sum_folder,
)
from deckgen.releases.verify.importing import anki_is_installed, anki_sides, try_import
from deckgen.releases.verify.package import CHECKS, finding, judge_package, own_sides, without_known_scripts

__all__ = ["CHECKS", "verify_folder", "verify_package"]


def verify_package(
    path: Path, *, lock: Lock | None, with_anki: bool = True, deep: bool = False, now: int | None = None
) -> tuple[Diagnostic, ...]:
    """Everything wrong with one package. ``now`` is the clock's time by default, in seconds since the epoch.

    ``deep`` opens every card in a browser, too. DeckgenError where there is none.
    """
    contents, found = _open(path, lock, now)
    return found + _tried(path, contents, found, with_anki=with_anki, deep=deep)


def verify_folder(
    folder: Path, *, lock: Lock | None, with_anki: bool = True, deep: bool = False, now: int | None = None
) -> tuple[Diagnostic, ...]:
    """Everything wrong with a release folder and its packages; otherwise as ``verify_package``."""
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
        found += problems + _tried(folder / name, contents, problems, with_anki=with_anki, deep=deep)
    return tuple(dict.fromkeys(found))


def _open(path: Path, lock: Lock | None, now: int | None) -> tuple[PackageContents | None, tuple[Diagnostic, ...]]:
    try:
        contents = read_package(path)
    except DeckgenError as error:
        return None, (finding("unreadable", "", str(error), hint=error.hint),)
    return contents, judge_package(path.name, contents, now=int(time.time()) if now is None else now, lock=lock)


def _tried(
    path: Path, contents: PackageContents | None, found: tuple[Diagnostic, ...], *, with_anki: bool, deep: bool
) -> tuple[Diagnostic, ...]:
    """What Anki and a browser find in a package that could be read; Anki is asked where nothing else is wrong."""
    if contents is None:
        return ()
    use_anki = with_anki and anki_is_installed()
    tried: tuple[Diagnostic, ...] = ()
    if with_anki and not has_errors(found):
        not_tried = (finding("not-imported", "", "the import was not tried: pip install anki"),)
        tried = try_import(path, contents) if use_anki else not_tried
    return tried + _looked_at(path, contents, use_anki=use_anki) if deep else tried


def _looked_at(path: Path, contents: PackageContents, *, use_anki: bool) -> tuple[Diagnostic, ...]:
    sides = (anki_sides(path) if use_anki else ()) or tuple(own_sides(contents))
    with TemporaryDirectory() as folder:
        unpack_media(path, {item.name for item in contents.media}, Path(folder))
        shown = [(where, without_known_scripts(html)) for where, html in sides]
        return tuple(judge_in_browser(path.name, shown, Path(folder)))
