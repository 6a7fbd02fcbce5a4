"""The names of a project's files and folders, and which folder is a project; nothing is read here."""

from pathlib import Path

CONFIG_NAME = "deckgen.toml"
LOCK_NAME = "deckgen.lock"
NOTES_PATH = "source/notes.toml"
SOURCE_DIR = "source"
LOCALE_DIR = "locale"
GLOSSARY_PATH = "locale/glossary.toml"
BUILD_DIR = "build"
PARTIAL_DIR = "partial"
PREVIEW_DIR = "preview"
MANIFEST_NAME = "manifest.json"
RELEASE_DIR = "release"
RECORDS_DIR = "releases"
RECORD_NAME = "record.jsonl"
CHANGELOG_NAME = "CHANGELOG.md"
REMOTE_DIR = "imgs/remote"
REMOTE_MAP = f"{REMOTE_DIR}/sources.toml"
SCREENSHOTS_DIR = "docs/pictures"
CACHE_DIR = ".cache/deckgen"
_SKIPPED_DIRS = frozenset((BUILD_DIR, "node_modules", "dist", "__pycache__"))


def record_path(version: str) -> str:
    """Where the record of a release lies, relative to the project."""
    return f"{RECORDS_DIR}/{version}.jsonl"


def is_skipped(name: str) -> bool:
    """Whether nothing in a folder of this name belongs to a project."""
    return name.startswith(".") or name in _SKIPPED_DIRS


def project_at(folder: Path) -> bool:
    """Whether a folder has a project's settings or lock."""
    return any((folder / name).is_file() for name in (CONFIG_NAME, LOCK_NAME))


def project_above(root: Path) -> Path | None:
    """The nearest folder above that is a project, where ``root`` itself is none and no git repository either."""
    folder = root.resolve()
    for spot in (folder, *folder.parents):
        if project_at(spot):
            return spot if spot != folder else None
        if (spot / ".git").exists():
            return None
    return None
