"""``deckgen lock``: what the lock knows, and a person's word on doubtful matches."""

import difflib
import time
from pathlib import Path

import click

from deckgen.cli.options import project_option
from deckgen.cli.report import print_table
from deckgen.cli.terminal import echo
from deckgen.diagnostics import DeckgenError
from deckgen.identity.lock import Lock, format_lock, require_lock
from deckgen.identity.merging import merge_lock
from deckgen.identity.settling import link_question, mend_times, split_question, with_question
from deckgen.model import Key
from deckgen.project.files import read_optional, write_atomically
from deckgen.project.layout import LOCK_NAME
from deckgen.project.reading import read_project


@click.group()
def lock() -> None:
    """Show deckgen.lock, and settle which question is which."""


@lock.command()
@click.argument("key", required=False)
@project_option
def show(key: str | None, root: Path) -> None:
    """Show the pending questions and every note, or the one note with this KEY."""
    known = _read_lock(root)
    notes = [note for note in known.notes if key in (None, note.key)]
    pending = [record for record in known.pending if key in (None, record.key)]
    if key and not notes and not pending:
        _refuse_typo(known, key)
        raise DeckgenError(f"the lock has no note “{key}”", hint="keys have small letters and digits only")
    titles = {note.key: note.title for note in known.notes}
    for record in pending:
        echo(f"pending {record.key}: “{record.title}” in {record.chapter} may be")
        for candidate in record.candidates:
            echo(f"  “{titles[candidate]}”: deckgen lock link {candidate} {record.key}")
        echo(f"  a new question: deckgen lock split {record.key}")
    gone = {note.key: "" if note.retired is None else note.retired or "next release" for note in notes}
    rows = [(note.key, note.title, note.chapter, note.since or "not yet", gone[note.key]) for note in notes]
    print_table("Notes", ("key", "title", "chapter", "released in", "retired in"), rows)


@lock.command()
@click.argument("old")
@click.argument("new")
@click.option("--force", is_flag=True, help="Take OLD away from another question that has it.")
@project_option
def link(old: str, new: str, force: bool, root: Path) -> None:
    """Say that the question NEW is the note OLD, whose learners then keep their schedules."""
    known = _with_question(root, _read_lock(root), new)
    for key in (old, new):
        _refuse_typo(known, key)
    _write_lock(root, link_question(known, old=Key(old), new=Key(new), force=force))
    echo(f"{new} is {old} from now on; run “deckgen build”")


@lock.command()
@click.argument("key")
@project_option
def split(key: str, root: Path) -> None:
    """Say that the question KEY is a new one, so that learners get a new card."""
    known = _with_question(root, _read_lock(root), key)
    _refuse_typo(known, key)
    settled, fresh = split_question(known, key=Key(key))
    _write_lock(root, settled)
    echo(f"the question is a new one, {fresh}; run “deckgen build”")


@lock.command()
@click.option("--accept-missing", is_flag=True, help="Go on without notes that one of the sides had.")
@project_option
def merge(root: Path, accept_missing: bool) -> None:
    """Make one line of the lines that a merge of two branches left for one note, category or edition."""
    merged, gone = merge_lock(_lock_text(root), accept_missing=accept_missing)
    _write_lock(root, merged)
    echo(f"{gone} lines merged; run “deckgen build”")


@lock.command()
@project_option
def mend(root: Path) -> None:
    """Take out times in the future, which a build with a wrong clock wrote and which no release has shipped."""
    mended, count = mend_times(_read_lock(root), now=int(time.time()))
    _write_lock(root, mended)
    echo(f"{count} times mended; run “deckgen build”")


def _with_question(root: Path, known: Lock, key: str) -> Lock:
    """The lock with a question that “check” or a build with errors told of, and that no build has kept."""
    if key in known.questions:
        return known
    from deckgen.corpus import identify  # takes as long to import as the rest takes to run
    from deckgen.markdown import Documents

    project, findings = read_project(root)
    _, matched, _ = identify(project, findings, Documents())
    return with_question(known, matched.lock, Key(key))


def _refuse_typo(known: Lock, key: str) -> None:
    """DeckgenError for a key that the lock lacks while it has some that look like it."""
    keys = sorted(known.questions)
    if key not in keys and (close := difflib.get_close_matches(key, keys, 3, 0.7)):
        raise DeckgenError(f"the lock has no note “{key}”", hint=f"did you mean {' or '.join(close)}?")


def _read_lock(root: Path) -> Lock:
    return require_lock(_lock_text(root))


def _lock_text(root: Path) -> str:
    text = read_optional(root / LOCK_NAME)
    if text is None:
        raise DeckgenError(f"there is no {LOCK_NAME} in {root}", hint="“deckgen build” makes it")
    return text


def _write_lock(root: Path, changed: Lock) -> None:
    write_atomically(root / LOCK_NAME, format_lock(changed).encode())
