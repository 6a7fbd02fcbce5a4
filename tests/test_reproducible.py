"""The same deck gives the same bytes under another Python and another SQLite, in environments that are made here."""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import subprocess
import sys
from pathlib import Path

import pytest
from environments import environment, interpreters
from synthetic_deck import synthetic_deck, write_all_packages

RUNNING = f"{sys.version_info.major}.{sys.version_info.minor}"
TESTS = Path(__file__).parent
NOTES = 1500
"""Enough for trees of several levels, whose pages were split and balanced."""
PROGRAM = """
import importlib, runpy, sys
if sys.argv[3] != "sqlite3":
    other = importlib.import_module(sys.argv[3])
    sys.modules["sqlite3"] = other
    sys.modules["sqlite3.dbapi2"] = other.dbapi2
import sqlite3
print(sqlite3.sqlite_version)
runpy.run_path(sys.argv[4], run_name="__main__")
"""


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("here")
    write_all_packages(synthetic_deck(folder / "media", note_count=NOTES), folder)
    return _digests(folder)


@pytest.mark.crossversion
@pytest.mark.parametrize("version", sorted(interpreters().keys() - {RUNNING}))
def test_another_python_writes_the_same_bytes(
    expected: dict[str, str], tmp_path: Path, request: pytest.FixtureRequest, version: str
) -> None:
    python = _environment(request.config, interpreters()[version], version)
    _write_with(python, "sqlite3", tmp_path)
    assert _digests(tmp_path) == expected


@pytest.mark.crossversion
def test_another_sqlite_writes_the_same_bytes(
    expected: dict[str, str], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    python = _environment(request.config, Path(sys.executable), "sqlite", "pysqlite3-binary")
    ours = _write_with(python, "sqlite3", tmp_path / "ours")
    theirs = _write_with(python, "pysqlite3", tmp_path / "theirs")
    assert _digests(tmp_path / "ours") == _digests(tmp_path / "theirs") == expected
    if ours == theirs:
        pytest.skip(f"both are SQLite {ours}, so nothing was compared")


def _environment(config: pytest.Config, interpreter: Path, name: str, *extra: str) -> Path:
    """The Python of a virtual environment with the packager as installed here, made once and kept in pytest's cache."""
    assert config.cache is not None
    packages = ("genanki", "deflate", "msgspec", "pyyaml", "chevron")
    requirements = [f"{package}=={importlib.metadata.version(package)}" for package in packages]
    folder = config.cache.mkdir("crossversion") / "-".join((name, *requirements[:3]))
    return environment(folder, interpreter, f"genanki for {name}", *requirements, *extra)


def _write_with(python: Path, sqlite: str, folder: Path) -> str:
    """Writes the packages under another environment and returns the version of the SQLite that was used."""
    done = subprocess.run(
        [python, "-c", PROGRAM, str(folder), str(NOTES), sqlite, str(TESTS / "synthetic_deck.py")],
        env=os.environ | {"PYTHONPATH": str(TESTS.parent)},
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


def _digests(folder: Path) -> dict[str, str]:
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("*.apkg")}
    assert len(found) == 4
    return found
