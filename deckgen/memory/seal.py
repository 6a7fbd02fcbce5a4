"""What tells that a kept result may be used: the code that made it, and a digest with a secret of this user's."""

import contextlib
import hashlib
import os
import sys
from functools import cache
from pathlib import Path

SEAL_BYTES = 16


def sealed_digest(*parts: bytes) -> bytes:
    """A digest that nobody can make without the secret: what came with a stranger's repository has none."""
    return hashlib.blake2b(b"".join(parts), key=_secret(), digest_size=SEAL_BYTES).digest()


@cache
def code_version() -> str:
    """Which code would make the values: the installed libraries with their versions, our own files by size and time."""
    digest = hashlib.sha256(sys.version.encode())
    for folder in sorted({path for path in sys.path if path.endswith("-packages")}):
        with contextlib.suppress(OSError):
            digest.update(
                "\n".join(sorted(entry.name for entry in os.scandir(folder))).encode("utf-8", "surrogateescape")
            )
    folders = [str(Path(__file__).parents[1])]
    for folder in folders:
        for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
            if entry.is_dir():
                folders += [entry.path] if entry.name != "__pycache__" else []
            else:
                status = entry.stat()
                digest.update(f"{entry.path}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


@cache
def _secret() -> bytes:
    """Made at first use; one of this process alone where it cannot be kept."""
    given = os.environ.get("XDG_CACHE_HOME")
    path = (Path(given) if given else Path("~/.cache").expanduser()) / "deckgen" / "secret"
    with contextlib.suppress(OSError, RuntimeError):
        if len(known := path.read_bytes()) == 32:
            return known
    made = os.urandom(32)
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(made)
    return made
