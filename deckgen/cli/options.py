"""Options that several commands share, and what they mean to the project.

Imports what makes a build only where one is made: a build that changes nothing has no time for it.
"""

import os
import time
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from deckgen.cli.terminal import Detail, detail_option
from deckgen.project import Policy, Profile
from deckgen.project.layout import CONFIG_NAME, LOCK_NAME, project_above

if TYPE_CHECKING:
    from deckgen.build import Build
    from deckgen.identity.lock import Lock
    from deckgen.model import Edition
    from deckgen.project.reading import Project

_LAST_TIME = 2**32 - 1


def edition_named(name: str) -> "Edition":
    """``zh-en`` → Edition, from the command line."""
    from deckgen.card import known_languages
    from deckgen.model import parse_edition

    try:
        edition = parse_edition(name)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    known = known_languages()
    for language in edition.languages:
        if language.split("-")[0] not in known:
            raise click.BadParameter(f"“{language}” is no language that deckgen knows; it knows {', '.join(known)}")
    return edition


def _project_root(context: click.Context, parameter: click.Parameter, given: Path | None) -> Path:
    """Where none is given, the working folder, unless it lies in a project, which a build there would fork."""
    if given is None and (above := project_above(Path())) is not None:
        mark = next(name for name in (CONFIG_NAME, LOCK_NAME) if (above / name).is_file())
        raise click.UsageError(
            f"this folder lies in the project {above}, which {mark} makes one: go there, or name it with "
            "--project; if that file is there by mistake, remove it; "
            "to begin a project of its own here, write --project ."
        )
    return given or Path()


jobs_option = click.option(
    "--jobs",
    type=click.IntRange(1),
    default=lambda: os.cpu_count() or 1,
    help="Chapters and images worked on at a time; as many as there are cores by default.",
)
project_option = click.option(
    "--project",
    "root",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    callback=_project_root,
    help="The deck project's folder; this folder by default.",
)


def read_lock(root: Path) -> "Lock | None":
    """The project's lock, None where there is none. DeckgenError for one that cannot be read."""
    from deckgen.identity.lock import require_lock
    from deckgen.project.files import read_optional

    text = read_optional(root / LOCK_NAME)
    return require_lock(text) if text is not None else None


class Wanted(NamedTuple):
    """Which project, which of its cards and how they are made, as the command line says it.

    No Struct, as other values are: to import what makes those takes half as long as a build that changes nothing.
    """

    root: Path
    chapters: tuple[Path, ...]
    editions: "tuple[Edition, ...]"
    categories: tuple[str, ...]
    profile: str | None
    policy: str | None
    jobs: int

    def is_strict(self, project: "Project") -> bool:
        """Whether nothing but reviewed and faultless translations will do."""
        return Policy(self.policy or project.config.policy) is Policy.STRICT

    def make(self, *, allow_retire: bool = False) -> "Build":
        """The project as it lies on disk now, through every stage but the writing."""
        from deckgen.build import Options, make_decks
        from deckgen.cli.report import progress_bar
        from deckgen.project.reading import read_project

        project, findings = read_project(self.root, self.chapters)
        options = Options(
            now=build_time(self.root),
            editions=self.editions,
            profile=Profile(self.profile) if self.profile else None,
            policy=Policy(self.policy) if self.policy else None,
            chapters=project.wanted,
            categories=self.categories,
            jobs=self.jobs,
            allow_retire=allow_retire,
        )
        with progress_bar() as progress:
            return make_decks(project, findings, options, progress)


def build_options(function: Callable[..., None]) -> Callable[..., None]:
    """Options that decide which cards are made and how; ``function`` gets them as its first argument, a Wanted."""

    @wraps(function)
    def command(**given: Any) -> None:
        wanted = Wanted(**{name: given.pop(name) for name in Wanted._fields})
        function(wanted, **given)

    for option in reversed(
        (
            click.argument("chapters", nargs=-1, type=click.Path(path_type=Path)),
            click.option(
                "--edition",
                "editions",
                multiple=True,
                type=edition_named,
                metavar="EDITION",
                help="Languages in order, such as zh-en, zh, en or en-zh; may be given several times.",
            ),
            click.option("--category", "categories", multiple=True, help="Only categories whose title contains this."),
            click.option("--profile", type=click.Choice([*map(str, Profile)]), help="What the images are made for."),
            click.option("--policy", type=click.Choice([*map(str, Policy)]), help="Which translations are shown."),
            jobs_option,
            detail_option("--verbose", Detail.VERBOSE, "Show every finding, however many there are."),
            detail_option("--quiet", Detail.QUIET, "Show errors alone."),
            project_option,
        )
    ):
        command = option(command)
    return command


def build_time(root: Path) -> int:
    """The time to stamp on what changed: SOURCE_DATE_EPOCH, else the last commit's or edit's since, else now.

    click.UsageError where SOURCE_DATE_EPOCH is no number of seconds.
    """
    from deckgen.project.history import commit_time, edit_time

    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    if epoch:
        if not epoch.isdecimal() or int(epoch) > _LAST_TIME:
            raise click.UsageError(f"SOURCE_DATE_EPOCH is “{epoch}”, not a number of seconds since 1970")
        return int(epoch)
    committed = commit_time(root)
    if committed is None:
        return int(time.time())
    # What was handed out between two commits must not have one time.
    return max(committed, min(edit_time(root) or 0, int(time.time())))
