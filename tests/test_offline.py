"""A build asks no network: everything from sources to a release runs where there is none."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from evolving import start
from projects import NOON, copy_shipped

GUARD = """import socket
def refuse(*_):
    raise OSError("this process has no network")
socket.socket.connect = socket.socket.connect_ex = socket.create_connection = socket.getaddrinfo = refuse
"""


def isolated(folder: Path) -> tuple[list[str], dict[str, str]]:
    """What to put before a command, and its environment: a namespace without network, else sockets that refuse."""
    unshare = shutil.which("unshare")
    if unshare and subprocess.run([unshare, "-rn", "true"], capture_output=True, check=False).returncode == 0:
        return [unshare, "-rn"], dict(os.environ)
    folder.mkdir(exist_ok=True)
    (folder / "sitecustomize.py").write_text(GUARD, "utf-8")
    return [], {**os.environ, "PYTHONPATH": str(folder)}


def run(folder: Path, arguments: Sequence[str | Path], *, guard: Path) -> subprocess.CompletedProcess[str]:
    before, environment = isolated(guard)
    return subprocess.run(
        [*before, sys.executable, *arguments],
        cwd=folder,
        env={**environment, "SOURCE_DATE_EPOCH": str(NOON)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_isolation_isolates(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        connect = f"import socket; socket.create_connection({server.getsockname()[:2]!r})"
        assert subprocess.run([sys.executable, "-c", connect], check=False).returncode == 0
        assert run(tmp_path, ["-c", connect], guard=tmp_path / "guard").returncode != 0


def test_the_shipped_deck_builds_and_previews_without_network(tmp_path: Path) -> None:
    project = copy_shipped(tmp_path / "project")
    for command in ("build", "check", "preview"):
        done = run(project, ["-m", "deckgen", command], guard=tmp_path / "guard")
        assert done.returncode == 0, done.stderr
    assert list((project / "build").glob("*.apkg"))


def test_a_release_is_written_and_verified_without_network(tmp_path: Path) -> None:
    book = start(tmp_path / "book").root
    for arguments in (["release", "1.0.0"], ["verify", "build/release/v1.0.0"]):
        done = run(book, ["-m", "deckgen", *arguments], guard=tmp_path / "guard")
        assert done.returncode == 0, done.stderr
