"""What is uploaded to PyPI: the same bytes from the same files, complete, and running on every Python from 3.11."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
import yaml
from environments import environment, interpreters
from projects import NOON, REPOSITORY, deckgen, make_project

FILES = ("pyproject.toml", "README.md", "README.zh-CN.md", "CHANGELOG.md", "LICENSE", "deckgen")


def build(folder: Path, *, umask: int, touched: int) -> Path:
    """Wheel and sdist of a copy of the sources, made with other permissions and other times."""
    folder.mkdir()
    for name in FILES:
        origin = REPOSITORY / name
        if origin.is_dir():
            shutil.copytree(origin, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(origin, folder / name)
    for path in folder.rglob("*"):
        os.utime(path, (touched, touched))
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", "dist"],
        cwd=folder,
        env={name: value for name, value in os.environ.items() if name != "SOURCE_DATE_EPOCH"},
        umask=umask,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder / "dist"


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("dist") / "one", umask=0o022, touched=NOON)


def test_wheel_and_sdist_have_the_same_bytes_from_the_same_files(dist: Path, tmp_path: Path) -> None:
    other = build(tmp_path / "other", umask=0o077, touched=NOON + 12345)
    names = sorted(path.name for path in dist.iterdir())
    assert {Path(name).suffix for name in names} == {".whl", ".gz"}
    assert [(dist / name).read_bytes() for name in names] == [(other / name).read_bytes() for name in names]


def test_both_hold_every_file_of_the_package_and_no_other(dist: Path) -> None:
    wanted = {
        path.relative_to(REPOSITORY).as_posix()
        for path in (REPOSITORY / "deckgen").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    with zipfile.ZipFile(next(dist.glob("*.whl"))) as wheel:
        assert {name for name in wheel.namelist() if name.startswith("deckgen/")} == wanted
        assert any(name.endswith("/licenses/LICENSE") for name in wheel.namelist())
    with tarfile.open(next(dist.glob("*.tar.gz"))) as sdist:
        assert {name.partition("/")[2] for name in sdist.getnames() if "/deckgen/" in name} == wanted


@pytest.mark.crossversion
@pytest.mark.parametrize("version", sorted(interpreters()))
def test_the_wheel_runs_on_every_python_that_is_here(
    version: str, dist: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    assert request.config.cache is not None
    digest = hashlib.sha256((REPOSITORY / "requirements/run.txt").read_bytes()).hexdigest()[:12]
    folder = Path(str(request.config.cache.mkdir(f"deckgen-wheel-{version}-{digest}")))
    pinned = ("--require-hashes", "--requirement", str(REPOSITORY / "requirements/run.txt"))
    python = environment(folder, interpreters()[version], f"deckgen for Python {version}", *pinned)
    target = tmp_path / "installed"
    install = [python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*install, "--target", target, next(dist.glob("*.whl"))], check=True)
    book = make_project(tmp_path / "书")
    done = subprocess.run(
        [python, "-m", "deckgen", "build"],
        cwd=book,
        env={**os.environ, "PYTHONPATH": str(target), "SOURCE_DATE_EPOCH": str(NOON)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert len(list((book / "build").glob("*.apkg"))) == 3


def test_the_hooks_run_commands_and_look_at_what_a_build_reads(tmp_path: Path) -> None:
    hooks = {hook["id"]: hook for hook in yaml.safe_load((REPOSITORY / ".pre-commit-hooks.yaml").read_text("utf-8"))}
    assert hooks.keys() == {"deckgen-check", "deckgen-lock"}
    book = make_project(tmp_path / "书")
    for hook in hooks.values():
        for path in ("source/第一章.md", "deckgen.toml", "deckgen.lock", "locale/en/第一章.po", "imgs/图.png"):
            assert re.search(hook["files"], path)
        assert not re.search(hook["files"], "build/book.apkg")
        program, *arguments = hook["entry"].split()
        assert program == "deckgen"
        assert deckgen(*arguments, "--project", book).exit_code == 0
    lock = (book / "deckgen.lock").read_text("utf-8")
    assert deckgen("build", "--project", book).exit_code == 0
    assert (book / "deckgen.lock").read_text("utf-8") == lock, "a second run finds nothing to do"


def test_nothing_but_what_licences_allow_is_shipped_with_deckgen() -> None:
    done = subprocess.run(
        [sys.executable, REPOSITORY / "scripts/licences.py"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == (REPOSITORY / "docs/licences.md").read_text("utf-8"), "run: make licences"
