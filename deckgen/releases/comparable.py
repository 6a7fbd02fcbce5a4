"""Reads what can be compared: a release record, a release folder, a build folder, a package; trusts none of them."""

from __future__ import annotations

from pathlib import Path

from deckgen.apkg.reader import read_package
from deckgen.diagnostics import DeckgenError
from deckgen.project.files import read_optional
from deckgen.project.layout import RECORD_NAME
from deckgen.releases.records import Record, parse_record
from deckgen.releases.snapshot import record_packages

_ENOUGH_FOR_A_RECORD = 1 << 28


def read_comparable(path: Path) -> Record:
    """The record that a path stands for. DeckgenError for anything that cannot be compared.

    Of a folder its ``record.jsonl``, else all packages in it together, a note once per edition.
    """
    if path.is_dir():
        if (path / RECORD_NAME).is_file():
            return read_comparable(path / RECORD_NAME)
        packages = sorted(path.glob("*.apkg"))
        if not packages:
            raise DeckgenError(f"{path} has neither {RECORD_NAME} nor a package", hint="name a release or build folder")
        return record_packages([read_package(package) for package in packages])
    if path.suffix.lower() in (".apkg", ".colpkg"):
        return record_packages([read_package(path)])
    if not path.is_file():
        raise DeckgenError(f"there is no {path}")
    if path.stat().st_size > _ENOUGH_FOR_A_RECORD:
        raise DeckgenError(f"{path.name} is too large for a release record")
    return parse_record(read_optional(path.resolve()) or "", path.name)
