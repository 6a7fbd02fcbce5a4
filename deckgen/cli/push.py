"""``deckgen push``: a built deck into a running Anki."""

import html
import json
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import click

from deckgen.cli.options import edition_named, project_option, read_lock
from deckgen.cli.report import fail_on_errors, print_diagnostics
from deckgen.cli.terminal import echo
from deckgen.diagnostics import DeckgenError
from deckgen.identity.lock import Lock
from deckgen.model import Edition
from deckgen.project.config import parse_config
from deckgen.project.files import read_optional
from deckgen.project.layout import BUILD_DIR, CONFIG_NAME, MANIFEST_NAME
from deckgen.publish.ankiconnect import DEFAULT_URL, AnkiConnect
from deckgen.publish.learner import LearnerNote
from deckgen.publish.push import RETIRED_TAG, PushOptions, PushPlan, push_package

KEY_VARIABLE = "DECKGEN_ANKI_KEY"
_SHOWN = 10


@click.command()
@click.argument("package", required=False, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--edition", type=edition_named, metavar="EDITION", help="One of the last build; the first setting's by default."
)
@click.option("--url", default=DEFAULT_URL, show_default=True, help="Where AnkiConnect listens.")
@click.option("--anki-profile", metavar="NAME", help="Refuse when Anki has another profile open.")
@click.option("--timeout", "timeout_seconds", type=click.FloatRange(1, 3600), default=60.0, show_default=True)
@click.option("--dry-run", is_flag=True, help="Tell what would change, and change nothing.")
@click.option("--move", is_flag=True, help="Move cards into the deck of their category.")
@click.option("--delete-retired", is_flag=True, help="Delete retired notes instead of tagging them.")
@project_option
def push(
    package: Path | None,
    edition: Edition | None,
    url: str,
    anki_profile: str | None,
    timeout_seconds: float,
    dry_run: bool,
    move: bool,
    delete_retired: bool,
    root: Path,
) -> None:
    """Bring a running Anki up to date with PACKAGE, by default that of the last build with every card.

    Anki needs the add-on AnkiConnect (code 2055492159); its key is read from the environment variable
    DECKGEN_ANKI_KEY. The package is imported, then notes that the import left old are put right, and notes that the
    deck no longer has get the tag deckgen::retired. The fields “Spare 1” to “Spare 4” and, but for the setting
    learner.keep_tags, all tags that are not the deck's stay the learner's. A push that broke off is repeated.
    """
    config, findings = parse_config(read_optional(root / CONFIG_NAME))
    print_diagnostics(findings)
    fail_on_errors(findings)
    package = package or _built_package(root, edition or config.editions[0])
    anki = AnkiConnect(url=url, key=os.environ.get(KEY_VARIABLE), timeout_seconds=timeout_seconds)
    if anki_profile and (opened := anki.call("getActiveProfile")) != anki_profile:
        raise DeckgenError(f"Anki has the profile “{opened}” open", hint=f"switch to “{anki_profile}” in Anki")
    options = PushOptions(
        lock=read_lock(root) or Lock(project_id=""),
        keep_tags=config.keep_tags,
        delete_retired=delete_retired,
        move=move,
    )
    plan, left = push_package(anki, package, options, dry_run=dry_run, report=lambda line: echo(line, err=True))
    _print_plan(plan, options, dry_run=dry_run)
    if not dry_run and not left.is_empty:
        echo(f"Anki did not take over {len(left.new) + len(left.old)} notes:", err=True)
        _print_titles([*(note.fields for note in left.new), *_fields(item.note for item in left.old)])
        raise click.exceptions.Exit(1)


def _built_package(root: Path, edition: Edition) -> Path:
    """The package of the last build that has every card of the edition."""
    folder = root / BUILD_DIR
    text = read_optional(folder / MANIFEST_NAME)
    if text is None:
        raise DeckgenError("nothing has been built here", hint="run deckgen build before, or name a package")
    try:
        packages = json.loads(text)["packages"]
        whole = (item for item in packages if item["category"] is None and "chapter" not in item)
        names = [str(item["file"]) for item in whole if item["edition"] == edition.name]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise DeckgenError(f"{folder / MANIFEST_NAME} cannot be read", hint="run deckgen build again") from error
    if not names or not (folder / names[0]).is_file():
        raise DeckgenError(f"the last build has no package of the edition {edition.name}", hint="run deckgen build")
    return folder / names[0]


def _print_plan(plan: PushPlan, options: PushOptions, *, dry_run: bool) -> None:
    """What a push does, or would do: a line per kind of note, the first few notes of each below it."""
    retired = "deleted" if options.delete_retired else f"tagged {RETIRED_TAG}"
    moved = sum(len(cards) for _, cards in plan.moves) if options.move else 0
    echo("a push would do this:" if dry_run else "done:")
    for count, what, notes in (
        (len(plan.new), "new: added", [note.fields for note in plan.new]),
        (len(plan.old), "old: brought up to date", _fields(item.note for item in plan.old)),
        (len(plan.retired), f"retired: {retired}", _fields(plan.retired)),
        (moved, "cards: moved to the deck of their category", []),
        (plan.current, "up to date: left alone", []),
        (len(plan.stranded), "unknown to this package: left alone", _fields(plan.stranded)),
        (plan.foreign, "of other kinds in its decks: left alone", []),
    ):
        if count:
            echo(f"{count:>6} {what}")
            _print_titles(notes)
    if plan.new_design:
        echo("       the cards' design: brought up to date")
    for name in plan.conflicting:
        echo(
            f"The note type “{name}” is not as the deck has it. Its notes are brought up to date all the same; "
            "new ones come with a note type of their own."
        )


def _fields(notes: Iterable[LearnerNote]) -> list[tuple[str, ...]]:
    return [tuple(note.fields.values()) for note in notes]


def _print_titles(notes: Sequence[Sequence[str]]) -> None:
    """The key and the question of the first few notes, whose fields these are."""
    for key, *texts in notes[:_SHOWN]:
        text = html.unescape(re.sub(r"<[^>]*>", "", "".join(texts[:1])))
        plain = "".join(character if character.isprintable() else " " for character in f"{key}  {text}")
        echo(f"         {plain[:90]}")
    if len(notes) > _SHOWN:
        echo(f"         … and {len(notes) - _SHOWN} more")
