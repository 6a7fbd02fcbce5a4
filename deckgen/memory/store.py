"""What earlier runs found out, kept by content in one file of the cache; without it a run gives the same, later.

An entry's key is a digest of all that its value depends on, the versions of the code included. Each value carries a
digest made with a secret of this machine: a damaged entry, or one that came with somebody's repository, is not there.
"""

import contextlib
import hashlib
import os
import sqlite3
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import msgspec

from deckgen.memory.seal import SEAL_BYTES, code_version, sealed_digest
from deckgen.memory.workers import WorkerDiedError, can_fork, died_over, map_in_processes

MAX_BYTES = 512 * 1024 * 1024
"""A file that has grown beyond this is begun anew."""
_WAIT_SECONDS = 2.0
_Value = TypeVar("_Value")
_MOST_WAITING = 2 * 1024 * 1024
"""Bytes of values that are not written yet."""
_MANY, _FEW = 80, 4
"""Values to make from which on it pays to begin other processes, and how many one takes at a time."""
_CHUNK = 500
"""Keys in one query; SQLite takes at most 999."""


encoded = msgspec.msgpack.Encoder().encode
"""The bytes of any value of plain parts, for a key or to be kept."""
Decoder = msgspec.msgpack.Decoder
"""Of values of one type: ValueError for the bytes of any other."""


class Memory:
    """Values by key. It never raises: what cannot be read is not there, what cannot be written is forgotten."""

    earlier: ClassVar[Mapping[bytes, Any]] = {}
    latest: ClassVar[dict[bytes, Any] | None] = None
    """Values that the build before this one, and this one, took from a memory, where a process makes several."""

    def __init__(self, folder: Path | None = None, *, read_only: bool = False) -> None:
        """``folder`` is the cache's; one that is ``read_only`` has been opened by this process or its parent before."""
        self.folder = folder
        self._path = memory_file(folder) if folder and not read_only else None
        self._database: sqlite3.Connection | None = None
        self._waiting = 0
        self.new: dict[bytes, bytes] = {}
        """What is not written yet."""
        self.problem = ""
        """Why nothing can be kept, in words; empty where it can."""
        self._process = os.getpid()
        if self._path:
            self._open(self._path)
        elif folder:
            with contextlib.suppress(sqlite3.Error):
                address = f"{memory_file(folder).absolute().as_uri()}?mode=ro"
                self._database = sqlite3.connect(address, timeout=_WAIT_SECONDS, uri=True)

    def key(self, kind: str, *parts: bytes | str) -> bytes:
        """The key of a value of this kind that depends on these parts alone, and on the code."""
        digest = hashlib.blake2b(f"{kind}\0{code_version()}".encode(), digest_size=20)
        for part in parts:
            data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
            digest.update(len(data).to_bytes(8, "big"))
            digest.update(data)
        return digest.digest()

    def recall(self, keys: Iterable[bytes]) -> dict[bytes, bytes]:
        """The values of those keys that are known."""
        wanted = list(dict.fromkeys(keys))
        found = {key: self.new[key] for key in wanted if key in self.new}
        if self._database is None or not self._is_ours():
            return found
        try:
            for start in range(0, len(wanted), _CHUNK):
                some = wanted[start : start + _CHUNK]
                query = f"SELECT key, value FROM memory WHERE key IN ({','.join('?' * len(some))})"
                for key, sealed in self._database.execute(query, some):
                    if isinstance(sealed, bytes) and sealed[:SEAL_BYTES] == sealed_digest(key, sealed[SEAL_BYTES:]):
                        found[key] = sealed[SEAL_BYTES:]
        except sqlite3.Error as error:
            self._begin_anew(error)
        return found

    def decoded(self, keys: Collection[bytes], decoder: Decoder[_Value]) -> dict[bytes, _Value]:
        """The values of those keys that are known."""
        found = {key: self.earlier[key] for key in keys if key in self.earlier}
        rest = self.recall(key for key in keys if key not in found)
        found.update((key, decoder.decode(value)) for key, value in rest.items())
        if self.latest is not None:
            self.latest.update(found)
        return found

    def remember(
        self,
        kind: str,
        decoder: Decoder[_Value],
        depends: Iterable[bytes],
        make: Callable[[int], _Value],
        *,
        prepare: Callable[[list[int]], object] = len,
        jobs: int = 1,
    ) -> list[_Value]:
        """A value for each of ``depends``, which holds all that it depends on but the code.

        ``make`` gives those that are not known yet, by their indexes, in several processes where they are many; they
        are kept. ``prepare`` is told of them all first.
        """
        keys = [self.key(kind, data) for data in depends]
        found = self.decoded(keys, decoder)
        missing = [index for index, key in enumerate(keys) if key not in found]
        if missing:
            prepare(missing)
        jobs = jobs if len(missing) >= _MANY and can_fork() else 1
        try:
            made = map_in_processes(lambda index: encoded(make(index)), missing, jobs=jobs, chunk=_FEW)
            for index, data in zip(missing, made, strict=True):
                found[keys[index]] = decoder.decode(data)  # whose texts keep no copy of theirs as UTF-8
                self.keep({keys[index]: data})
        except WorkerDiedError as error:
            raise died_over(f"some {kind}") from error
        return [found[key] for key in keys]

    def keep(self, values: Mapping[bytes, bytes]) -> None:
        """Remembers the values; they are written at ``save``, or sooner where they are many."""
        self.new.update(values)
        if self.latest is not None:  # what a build took is no longer what the next one finds
            for key in values:
                self.latest.pop(key, None)
        self._waiting += sum(map(len, values.values()))
        if self._waiting > _MOST_WAITING:
            self.save()

    def save(self) -> None:
        """Writes what is new, in one transaction."""
        if self._database is None or self._path is None or not self.new or not self._is_ours():
            return
        new, self.new, self._waiting = self.new, {}, 0
        rows = ((key, sealed_digest(key, value) + value) for key, value in new.items())
        try:
            with self._database:
                self._database.executemany("INSERT OR REPLACE INTO memory VALUES (?, ?)", rows)
        except sqlite3.Error as error:
            self.problem = f"nothing can be remembered in {self._path}: {error}"

    def close(self) -> None:
        self.save()
        if self._database is not None:
            self._database.close()
            self._database = None

    def _is_ours(self) -> bool:
        """Whether this process opened the file: SQLite must not be used by one that was forked from that."""
        return os.getpid() == self._process

    def _open(self, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            for other in path.parent.glob("memory*"):
                with contextlib.suppress(OSError):
                    if not other.name.startswith(path.name):
                        other.unlink()
            if path.is_symlink() or (path.exists() and path.stat().st_size > MAX_BYTES):
                path.unlink()
            self._database = _connect(path)
        except (OSError, sqlite3.OperationalError) as error:
            self.problem = f"nothing can be remembered in {path}: {getattr(error, 'strerror', error)}"
        except sqlite3.Error as error:
            self._begin_anew(error)

    def _begin_anew(self, error: sqlite3.Error) -> None:
        """A damaged file goes; where that does not help, there is no memory."""
        if self._database is not None:
            self._database.close()
            self._database = None
        if isinstance(error, sqlite3.OperationalError) or self._path is None:
            return
        with contextlib.suppress(OSError, sqlite3.Error):
            self._path.unlink(missing_ok=True)
            self._database = _connect(self._path)


def memory_file(folder: Path) -> Path:
    """Named by the code, which begins anew with another, and by the secret.

    SQLite removes what a journal beside a database names, and a stranger may commit both.
    """
    return folder / f"memory-{sealed_digest(b'memory', code_version().encode()).hex()}.sqlite"


def _connect(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=_WAIT_SECONDS)
    try:
        database.execute("PRAGMA page_size = 16384")  # of a new file: values are longer than what fits into 4096
        # A lost power supply may damage the file, which is then made anew; a killed process may not.
        database.execute("PRAGMA synchronous = OFF")
        database.execute("PRAGMA journal_mode = TRUNCATE")
        # A rowid keeps the values out of the index, which reads a long one whole to compare its key.
        database.execute("CREATE TABLE IF NOT EXISTS memory (key BLOB PRIMARY KEY, value BLOB)")
    except sqlite3.Error:
        database.close()
        raise
    return database
