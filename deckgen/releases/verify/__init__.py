"""Is a package, or a whole release folder, what it should be? Opens it without trusting it and names what is wrong."""

import time
from pathlib import Path
from tempfile import TemporaryDirectory

from deckgen.apkg.reader import read_package, unpack_media
from deckgen.diagnostics import DeckgenError, Diagnostic, has_errors
from deckgen.identity.lock import Lock
from deckgen.releases.records import ReleaseManifest
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
from deckgen.releases.verify.package import finding, judge_package, own_sides, without_known_scripts


def verify_folder(
    folder: Path, *, lock: Lock | None, with_anki: bool = True, deep: bool = False
) -> tuple[Diagnostic, ...]:
    """Everything wrong with a release folder and its packages; otherwise as ``verify_package``."""
    present, strays = sum_folder(folder)
    manifest, problems = read_manifest(folder)
    found = [*strays, *judge_sums(folder, present), *problems]
    if manifest:
        found += (*judge_manifest(manifest, present), *judge_record(folder, manifest))
    for name in sorted(name for name in present if name.lower().endswith((".apkg", ".colpkg"))):
        found += verify_package(folder / name, lock=lock, manifest=manifest, with_anki=with_anki, deep=deep)
    return tuple(dict.fromkeys(found))


def verify_package(
    path: Path,
    *,
    lock: Lock | None,
    manifest: ReleaseManifest | None = None,
    with_anki: bool = True,
    deep: bool = False,
    now: int | None = None,
) -> tuple[Diagnostic, ...]:
    """Everything wrong with one package. ``now`` is the clock's time by default, in seconds since the epoch.

    ``manifest`` is that of the release folder around it. Anki is asked where nothing else is wrong; ``deep`` opens
    every card in a browser, too. DeckgenError where there is none.
    """
    file = path.name
    try:
        contents = read_package(path)
    except DeckgenError as error:
        return (finding("unreadable", "", str(error), hint=error.hint),)
    found = [*judge_package(file, contents, now=int(time.time()) if now is None else now, lock=lock)]
    found += judge_released(file, contents, manifest) if manifest else ()
    use_anki = with_anki and anki_is_installed()
    if with_anki and not has_errors(found):
        not_tried = (finding("not-imported", "", "the import was not tried: pip install anki"),)
        found += try_import(path, contents) if use_anki else not_tried
    if deep:
        sides = (anki_sides(path) if use_anki else ()) or own_sides(contents)
        shown = [(where, without_known_scripts(html)) for where, html in sides]
        with TemporaryDirectory() as folder:
            unpack_media(path, {item.name for item in contents.media}, Path(folder))
            found += judge_in_browser(file, shown, Path(folder))
    return tuple(found)
