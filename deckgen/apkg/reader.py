"""Opens an Anki package, ours or a stranger's, without Anki and without trusting it; ``apkg`` is the writing side."""

import hashlib
import importlib
import json
import sqlite3
import zipfile
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import IO

from deckgen.apkg.contents import Layout, PackageContents, PackagedMedia
from deckgen.apkg.database import DatabaseContents, read_database
from deckgen.apkg.protobuf import message, message_fields, text
from deckgen.diagnostics import DeckgenError
from deckgen.text.slugs import is_plain_name

_CHUNK_BYTES = 1 << 20
_SMALL_BYTES = 8 << 20
"""An entry up to this size may be packed as tightly as it likes."""
MAX_ENTRIES = 100_000
MAX_TOTAL_BYTES = 4 << 30
MAX_MAP_BYTES = 8 << 20
_MAX_RATIO = 200
"""Real text is packed about 4 to 20 times smaller than it is."""
MAX_ROWS = 100_000
"""Notes, and cards: some ten times what anybody studies."""
MAX_TEXT_BYTES = 96 << 20
"""Of the fields of all notes together, and of the memory that they take; with Anki, verifying takes five times that."""


class _RefusalError(Exception):
    """The reason why a package cannot be read."""


def read_package(path: Path) -> PackageContents:
    """Everything that the package holds; its media are hashed, not kept.

    Raises DeckgenError, with the reason, for a package that Anki could not import or that is not safe to open: no zip
    or a damaged one, more than the limits allow, a name that leads out of the media folder, a missing file, a database
    that is none or would run code. Packages of the newest layout need Python 3.14 or the ``zstandard`` package.
    """
    try:
        if path.exists() and not path.is_file():
            raise _RefusalError("it is no regular file")
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            return _read_archive(archive, path.stat().st_size)
    except _RefusalError as refusal:
        raise DeckgenError(f"{path.name}: {refusal}") from refusal
    except (zipfile.BadZipFile, zlib.error, EOFError, UnicodeDecodeError) as error:
        raise DeckgenError(
            f"{path.name}: it is no Anki package, or a damaged or truncated one ({error})",
            hint="download or build it again",
        ) from error
    except (NotImplementedError, RuntimeError) as error:
        raise DeckgenError(f"{path.name}: it is packed in a way that Anki does not read ({error})") from error
    except OSError as error:
        raise DeckgenError(f"{path.name}: cannot be read: {error.strerror or error}") from error


def unpack_media(path: Path, names: Collection[str], folder: Path) -> tuple[Path, ...]:
    """Writes those of the package's media files into ``folder`` and returns their paths; of a package that was read.

    DeckgenError where a file cannot be written or the package is another than it was.
    """
    written = []
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            entries = _safe_names(archive)
            layout, budget = _layout(entries), _Budget()
            for entry, name in _media_names(archive, entries, layout):
                if name in names:
                    with (folder / name).open("wb") as target:
                        target.writelines(_chunks(archive, entry, layout, budget))
                    written.append(folder / name)
    except (_RefusalError, zipfile.BadZipFile, zlib.error, EOFError, OSError, KeyError) as error:
        raise DeckgenError(f"{path.name}: its images cannot be unpacked: {error}") from error
    return tuple(written)


def _read_archive(archive: zipfile.ZipFile, size_bytes: int) -> PackageContents:
    names = _safe_names(archive)
    layout, budget = _layout(names), _Budget()
    media_names = _media_names(archive, names, layout)
    contents = _database(archive, layout, budget)
    media = []
    for entry, name in media_names:
        if entry not in names:
            raise _RefusalError(f"the file {name} is named but not in the package, so Anki would refuse the import")
        media.append(_hashed(archive, entry, name, layout, budget))
    known = {*Layout, "media", "meta", *(entry for entry, _ in media_names)}
    return PackageContents(
        layout=layout,
        size_bytes=size_bytes,
        note_types=contents.note_types,
        decks=contents.decks,
        notes=contents.notes,
        media=tuple(media),
        stray_entries=tuple(name for name in names if name not in known),
        reviewed_cards=contents.reviewed_cards,
    )


def _safe_names(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """The entries by name, once none of them can do harm; what an entry says of its size binds the reader."""
    entries = archive.infolist()
    if len(entries) > MAX_ENTRIES:
        raise _RefusalError(f"it has {len(entries)} entries; at most {MAX_ENTRIES} are read")
    if (total := sum(entry.file_size for entry in entries)) > MAX_TOTAL_BYTES:
        raise _RefusalError(f"it would unpack to {total} bytes; at most {MAX_TOTAL_BYTES} are read")
    names = {}
    for entry in entries:
        _refuse_unsafe_name(entry.filename, "entry")
        if entry.filename in names:
            raise _RefusalError(f"it has two entries named {entry.filename}")
        if entry.file_size > max(_SMALL_BYTES, _MAX_RATIO * entry.compress_size):
            raise _RefusalError(f"its entry {entry.filename} would unpack to more than {_MAX_RATIO} times its size")
        names[entry.filename] = entry
    return names


def _refuse_unsafe_name(name: str, what: str) -> None:
    if not is_plain_name(name):
        raise _RefusalError(f"its {what} {name[:40]!r} is no plain file name")


def _layout(names: dict[str, zipfile.ZipInfo]) -> Layout:
    """The newest database that it has; the older ones then only tell old versions of Anki to update."""
    for layout in (Layout.MODERN, Layout.LEGACY_2, Layout.LEGACY):
        if layout in names:
            return layout
    raise _RefusalError("it holds no Anki collection")


class _Budget:
    """How many bytes may still be unpacked: the sizes in a zip say nothing of what is packed twice."""

    def __init__(self) -> None:
        self._remaining_bytes = MAX_TOTAL_BYTES

    def spend(self, count: int) -> None:
        self._remaining_bytes -= count
        if self._remaining_bytes < 0:
            raise _RefusalError("it unpacks to more than is read")


def _database(archive: zipfile.ZipFile, layout: Layout, budget: _Budget) -> DatabaseContents:
    with TemporaryDirectory() as folder:
        path = Path(folder, "collection")
        with path.open("wb") as target:
            target.writelines(_chunks(archive, layout, layout, budget))
        try:
            return read_database(path, rows=MAX_ROWS, text_bytes=MAX_TEXT_BYTES)
        except (sqlite3.Error, ValueError, KeyError, TypeError, OverflowError, AttributeError) as error:
            # A column may hold a value of any type, whatever it was declared as.
            raise _RefusalError(f"its collection cannot be read: {error}") from error


def _media_names(archive: zipfile.ZipFile, names: dict[str, zipfile.ZipInfo], layout: Layout) -> list[tuple[str, str]]:
    """Pairs of zip entry and file name, in the order of the media map."""
    if "media" not in names:
        raise _RefusalError("it has no media map")
    with _unpacked(archive, "media", layout) as source:
        data = source.read(MAX_MAP_BYTES + 1)
    if len(data) > MAX_MAP_BYTES:
        raise _RefusalError(f"its media map is larger than {MAX_MAP_BYTES} bytes")
    try:
        if layout is Layout.MODERN:
            # Anki's MediaEntries: field 1 is an entry, whose field 1 is the name; entries are numbered in order.
            entries = [value for number, value in message_fields(data) if number == 1 and isinstance(value, bytes)]
            pairs = [(str(index), text(message(entry), 1)) for index, entry in enumerate(entries)]
        else:
            pairs = _legacy_map(data)
    except (ValueError, RecursionError) as error:
        raise _RefusalError(f"its media map cannot be read: {error}") from error
    for _, name in pairs:
        _refuse_unsafe_name(name, "media file")
    return pairs


def _legacy_map(data: bytes) -> list[tuple[str, str]]:
    names = json.loads(data or b"{}", object_pairs_hook=list)
    if not isinstance(names, list) or not all(isinstance(pair, tuple) and isinstance(pair[1], str) for pair in names):
        raise ValueError("it is no JSON object of file names")
    return names


def _hashed(archive: zipfile.ZipFile, entry: str, name: str, layout: Layout, budget: _Budget) -> PackagedMedia:
    digest, size_bytes = hashlib.sha256(), 0
    for chunk in _chunks(archive, entry, layout, budget):
        digest.update(chunk)
        size_bytes += len(chunk)
    return PackagedMedia(name=name, size_bytes=size_bytes, sha256=digest.hexdigest())


def _chunks(archive: zipfile.ZipFile, entry: str, layout: Layout, budget: _Budget) -> Iterator[bytes]:
    with _unpacked(archive, entry, layout) as source:
        while chunk := source.read(_CHUNK_BYTES):
            budget.spend(len(chunk))
            yield chunk


@contextmanager
def _unpacked(archive: zipfile.ZipFile, entry: str, layout: Layout) -> Iterator[IO[bytes]]:
    """The bytes of an entry; the newest layout packs each once more, with zstd."""
    with archive.open(entry) as stored:
        if layout is not Layout.MODERN:
            yield stored
            return
        zstd = _zstd()
        try:
            with zstd.open(stored, "rb") as plain:
                yield plain
        except zstd.ZstdError as error:
            raise _RefusalError(f"its entry {entry} is damaged: {error}") from error


def _zstd() -> ModuleType:
    """Both modules have the same ``open`` and ``ZstdError``."""
    for name in ("compression.zstd", "zstandard"):
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    raise _RefusalError("it has Anki's newest layout; install the package “zstandard” to read it")
