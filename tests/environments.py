"""Virtual environments that tests make on first use; where their packages cannot be had, that is said and skipped."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import warnings
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

_PAUSES_SECONDS = (5, 20)
"""Before each further try: a package index may be out of reach for a moment."""
_LIMIT_SECONDS = 900


def environment(folder: Path, interpreter: Path, name: str, *arguments: str) -> Path:
    """The Python of an environment at ``folder``, in which pip installed ``arguments``; made if it is not complete.

    Skips the test, with a warning that names what stays untested, where that failed several times.
    """
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if (folder / "complete").exists():
        return python
    problem = _failure(interpreter, "-m", "venv", "--clear", folder)
    if not problem:
        install = (python, "-m", "pip", "install", "--quiet", "--no-compile", *arguments)
        problem = _failure(*install)
        for pause in _PAUSES_SECONDS:
            if not problem:
                break
            warnings.warn(f"{name} could not be installed, trying again in {pause} seconds: {problem}", stacklevel=2)
            time.sleep(pause)
            problem = _failure(*install)
    if problem:
        message = f"{name} CANNOT BE INSTALLED here, so what needs it is NOT TESTED: {problem}"
        warnings.warn(message, stacklevel=2)
        pytest.skip(message)
    (folder / "complete").touch()
    return python


@cache
def interpreters(versions: tuple[str, ...] = ("3.11", "3.12", "3.13", "3.14")) -> Mapping[str, Path]:
    """The Pythons that are installed here, by minor version: the running one, those on the PATH and pyenv's."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    found = {f"{sys.version_info.major}.{sys.version_info.minor}": Path(sys.executable)}
    for version in versions:
        for candidate in filter(None, [*root.glob(f"{version}.*/bin/python"), shutil.which(f"python{version}")]):
            if subprocess.run([candidate, "-c", ""], capture_output=True, check=False).returncode == 0:
                found.setdefault(version, Path(candidate))
    return found


def _failure(*command: str | Path) -> str:
    """What a command said at the end if it failed, else nothing."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_LIMIT_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return (done.stderr or done.stdout)[-500:].strip() or f"exit code {done.returncode}" if done.returncode else ""
