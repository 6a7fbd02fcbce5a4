"""What comes with deckgen beside its code: texts and tables below the package's own folder, each read once."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any


@cache
def packaged_text(path: str) -> str:
    """The text of a file, such as ``templates/card.css``."""
    return resources.files("deckgen").joinpath(*path.split("/")).read_text(encoding="utf-8")


@cache
def packaged_table(path: str) -> Mapping[str, Any]:
    """What a TOML file holds; nobody may change it."""
    return tomllib.loads(packaged_text(path))


@cache
def packaged_names(path: str) -> frozenset[str]:
    """The names of what lies in a folder."""
    return frozenset(entry.name for entry in resources.files("deckgen").joinpath(*path.split("/")).iterdir())
