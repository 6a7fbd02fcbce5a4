"""Golden files: an input and, beside it, what is expected of it, found by glob."""

from __future__ import annotations

from pathlib import Path

import pytest

CASES = Path(__file__).parent / "cases"


def inputs(stage: str, suffix: str = ".md") -> list[Path]:
    """The inputs of a stage, such as ``cases/parse/*.md``, in order."""
    return sorted((CASES / stage).glob(f"*{suffix}"))


def orphans(stage: str, *, inputs: str = ".md", expected: str = ".expected", settings: str = ".toml") -> list[str]:
    """Files beside the inputs that belong to none."""
    folder = CASES / stage
    known = {path.stem for path in folder.glob(f"*{inputs}")}
    return sorted(
        path.name
        for path in folder.iterdir()
        if path.suffix not in (inputs, expected, settings) or path.name.removesuffix(path.suffix) not in known
    )


def assert_golden(actual: str, expected: Path, config: pytest.Config) -> None:
    """The text equals the file; with ``--refresh-goldens`` the file becomes the text."""
    if config.getoption("--refresh-goldens"):
        expected.write_text(actual, encoding="utf-8", newline="\n")
    assert expected.exists(), f"{expected.name} is missing: run pytest with --refresh-goldens and read what it wrote"
    assert actual == expected.read_text(encoding="utf-8")
