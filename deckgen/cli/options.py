"""Options that several commands share, and what they mean to the project."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from deckgen.model import Edition, Policy, Profile, parse_edition
from deckgen.project import commit_time

_PROFILES = [profile.value for profile in Profile]
_POLICIES = [policy.value for policy in Policy]
_F = TypeVar("_F", bound=Callable[..., Any])


class EditionType(click.ParamType):  # type: ignore[type-arg]
    """``zh-en`` → Edition."""

    name = "edition"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Edition:
        if isinstance(value, Edition):
            return value
        try:
            return parse_edition(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


def project_option(function: _F) -> _F:
    return click.option(
        "--project",
        "root",
        type=click.Path(path_type=Path, file_okay=False, exists=True),
        default=Path(),
        help="The deck project's folder; this folder by default.",
    )(function)


def build_options(function: _F) -> _F:
    """What decides which cards are made and how: editions, profile, policy, categories, jobs."""
    for option in reversed(
        (
            click.argument("chapters", nargs=-1, type=click.Path(path_type=Path)),
            click.option(
                "--edition",
                "editions",
                multiple=True,
                type=EditionType(),
                help="Languages in order, such as zh-en, zh, en or en-zh; may be given several times.",
            ),
            click.option("--category", "categories", multiple=True, help="Only categories whose title contains this."),
            click.option("--profile", type=click.Choice(_PROFILES), help="What the pictures are made for."),
            click.option("--policy", type=click.Choice(_POLICIES), help="Which translations are shown."),
            click.option("--jobs", type=click.IntRange(1), default=None, help="Pictures worked on at a time."),
            project_option,
        )
    ):
        function = option(function)
    return function


def build_time(root: Path) -> int:
    """The time to stamp on what changed: SOURCE_DATE_EPOCH, else the last commit's, else now.

    click.UsageError where SOURCE_DATE_EPOCH is no number of seconds.
    """
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    if epoch:
        if not epoch.isdigit():
            raise click.UsageError(f"SOURCE_DATE_EPOCH is “{epoch}”, not a number of seconds")
        return int(epoch)
    return commit_time(root) or int(time.time())
