"""The GitHub workflow for a book of one's own, which calls the one that deckgen's repository offers."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, metadata

from deckgen import __version__
from deckgen.text.packaged import packaged_text

WORKFLOW_PATH = ".github/workflows/deck.yml"
"""Where it belongs, relative to the project."""
UNKNOWN_REPOSITORY = "OWNER/deckgen"
"""What it says where this copy of deckgen does not know its repository; a maintainer puts the name there."""


def workflow_text(*, branch: str = "main") -> str:
    """The workflow at this deckgen's version; ``branch`` is the book's own main branch."""
    text = packaged_text("templates/init/workflow.yml")
    repository = deckgen_repository()
    told = "" if repository != UNKNOWN_REPOSITORY else " # OWNER: whose deckgen you use"
    text = text.replace(UNKNOWN_REPOSITORY, repository).replace("vVERSION", f"v{__version__}{told}")
    return text if branch == "main" else text.replace("branches: [main]", f'branches: ["{branch}"]')


def deckgen_repository() -> str:
    """``OWNER/NAME`` on GitHub as the installed package names it, else UNKNOWN_REPOSITORY."""
    try:
        links = metadata("deckgen-anki").get_all("Project-URL") or []
    except PackageNotFoundError:
        return UNKNOWN_REPOSITORY
    places = [link.partition("https://github.com/")[2] for link in links if link.startswith("Repository,")]
    return places[0].strip("/") if places and places[0] else UNKNOWN_REPOSITORY
