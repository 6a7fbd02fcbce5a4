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

from msgspec.structs import asdict

from deckgen.apkg.contents import CollectionContents, Layout, PackageContents, PackagedMedia
from deckgen.apkg.database import read_database
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
            return _read_archive(_Archive(archive), path.stat().st_size)
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
        with path.open("rb") as file, zipfile.ZipFile(file) as source:
            archive = _Archive(source)
            for entry, name in _media_names(archive):
                if name in names:
                    with (folder / name).open("wb") as target:
                        target.writelines(archive.chunks(entry))
                    written.append(folder / name)
    except (_RefusalError, zipfile.BadZipFile, zlib.error, EOFError, OSError, KeyError) as error:
        raise DeckgenError(f"{path.name}: its images cannot be unpacked: {error}") from error
    return tuple(written)


class _Archive:
    """A zip that can do no harm; what it says of its sizes says nothing of what is packed twice.

    _RefusalError for any other, and as soon as more is unpacked than is read.
    """

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._remaining_bytes = MAX_TOTAL_BYTES
        self.names = _safe_names(archive.infolist())
        layouts = [layout for layout in (Layout.MODERN, Layout.LEGACY_2, Layout.LEGACY) if layout in self.names]
        if not layouts:
            raise _RefusalError("it holds no Anki collection")
        self.layout = layouts[0]
        """That of the newest database; older ones beside it only tell old versions of Anki to update."""

    def chunks(self, entry: str) -> Iterator[bytes]:
        with self.unpacked(entry) as source:
            while chunk := source.read(_CHUNK_BYTES):
                self._remaining_bytes -= len(chunk)
                if self._remaining_bytes < 0:
                    raise _RefusalError("it unpacks to more than is read")
                yield chunk

    @contextmanager
    def unpacked(self, entry: str) -> Iterator[IO[bytes]]:
        """The bytes of an entry; the newest layout packs each once more, with zstd."""
        with self._archive.open(entry) as stored:
            if self.layout is not Layout.MODERN:
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


def _safe_names(entries: list[zipfile.ZipInfo]) -> Collection[str]:
    """The names in order, once none can do harm; what an entry says of its size binds the reader."""
    if len(entries) > MAX_ENTRIES:
        raise _RefusalError(f"it has {len(entries)} entries; at most {MAX_ENTRIES} are read")
    if (total := sum(entry.file_size for entry in entries)) > MAX_TOTAL_BYTES:
        raise _RefusalError(f"it would unpack to {total} bytes; at most {MAX_TOTAL_BYTES} are read")
    names: dict[str, None] = {}
    for entry in entries:
        _refuse_unsafe_name(entry.filename, "entry")
        if entry.filename in names:
            raise _RefusalError(f"it has two entries named {entry.filename}")
        if entry.file_size > max(_SMALL_BYTES, _MAX_RATIO * entry.compress_size):
            raise _RefusalError(f"its entry {entry.filename} would unpack to more than {_MAX_RATIO} times its size")
        names[entry.filename] = None
    return names


def _refuse_unsafe_name(name: str, what: str) -> None:
    if not is_plain_name(name):
        raise _RefusalError(f"its {what} {name[:40]!r} is no plain file name")


def _read_archive(archive: _Archive, size_bytes: int) -> PackageContents:
    named = _media_names(archive)
    contents = _collection(archive)
    media = []
    for entry, name in named:
        if entry not in archive.names:
            raise _RefusalError(f"the file {name} is named but not in the package, so Anki would refuse the import")
        digest, size = hashlib.sha256(), 0
        for chunk in archive.chunks(entry):
            digest.update(chunk)
            size += len(chunk)
        media.append(PackagedMedia(name=name, size_bytes=size, sha256=digest.hexdigest()))
    known = {*Layout, "media", "meta", *(entry for entry, _ in named)}
    stray = tuple(name for name in archive.names if name not in known)
    return PackageContents(
        **asdict(contents), layout=archive.layout, size_bytes=size_bytes, media=tuple(media), stray_entries=stray
    )


def _collection(archive: _Archive) -> CollectionContents:
    with TemporaryDirectory() as folder:
        path = Path(folder, "collection")
        with path.open("wb") as target:
            target.writelines(archive.chunks(archive.layout))
        try:
            return read_database(path, rows=MAX_ROWS, text_bytes=MAX_TEXT_BYTES)
        except (sqlite3.Error, ValueError, KeyError, TypeError, OverflowError, AttributeError) as error:
            # A column may hold a value of any type, whatever it was declared as.
            raise _RefusalError(f"its collection cannot be read: {error}") from error


def _media_names(archive: _Archive) -> list[tuple[str, str]]:
    """Pairs of zip entry and file name, in the order of the media map."""
    if "media" not in archive.names:
        raise _RefusalError("it has no media map")
    with archive.unpacked("media") as source:
        data = source.read(MAX_MAP_BYTES + 1)
    if len(data) > MAX_MAP_BYTES:
        raise _RefusalError(f"its media map is larger than {MAX_MAP_BYTES} bytes")
    try:
        if archive.layout is Layout.MODERN:
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
