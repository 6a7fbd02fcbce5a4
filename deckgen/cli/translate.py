"""``deckgen translate``: catalogs brought up to date, drafted, checked, reviewed and measured."""

from collections import Counter
from collections.abc import Iterator, Mapping
from difflib import unified_diff
from pathlib import Path

import click

from deckgen.cli.fill import fill
from deckgen.cli.options import project_option
from deckgen.cli.report import fail_on_errors, print_counts, print_diagnostics, print_table
from deckgen.cli.review import review
from deckgen.cli.terminal import echo, json_text, say
from deckgen.cli.translations import language_tag, open_translations, reviewer_option, today, write_catalogs
from deckgen.diagnostics import Severity
from deckgen.localisation.checking import check_translations
from deckgen.localisation.mending import mend
from deckgen.localisation.translations import begun_languages, changed_catalogs, count_states
from deckgen.localisation.verdicts import Action, Word, accept, pending_blocks
from deckgen.model import Language
from deckgen.project.files import read_optional
from deckgen.text.sizes import counted

_languages = click.argument("languages", nargs=-1, type=language_tag)


@click.group()
def translate() -> None:
    """Translate the sources: PO files per chapter and language, drafts, checks and reviews."""


@translate.command()
@_languages
@project_option
def extract(languages: tuple[Language, ...], root: Path) -> None:
    """Bring the PO files up to date with the sources; a language that is new gets its files.

    Reworded blocks keep their translation, marked fuzzy; what is gone stays as obsolete and comes back with its source.
    """
    write_catalogs(open_translations(root, languages))


@translate.command()
@_languages
@project_option
def check(languages: tuple[Language, ...], root: Path) -> None:
    """Report what is wrong with the translations, each finding with its place in the PO file and in the source."""
    found = open_translations(root, languages, lenient=True)
    findings = (*found.diagnostics, *dict.fromkeys(finding for finding, _ in check_translations(found)))
    print_diagnostics(findings, least=Severity.INFO)
    print_counts(findings)
    fail_on_errors(findings)


@translate.command()
@_languages
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@project_option
def status(languages: tuple[Language, ...], as_json: bool, root: Path) -> None:
    """Count the blocks that are reviewed, drafted, stale and missing, per language and chapter."""
    found = open_translations(root, languages, lenient=True)
    counts = count_states(found)
    print_diagnostics(found.diagnostics)
    if as_json:
        say(json_text(_document(counts)))
    else:
        print_table("Translations, in blocks", ("language", "chapter", *_COUNTS[1:], "total", "done"), _rows(counts))
    fail_on_errors(found.diagnostics)


_COUNTS = ("total", "reviewed", "draft", "stale", "missing")


def _document(counts: Mapping[Language, Mapping[str, Counter[str]]]) -> Mapping[str, object]:
    def named(found: Counter[str]) -> Mapping[str, int]:
        return {name: found[name] for name in (*_COUNTS, "edited")}

    languages = [
        {
            "language": language,
            **named(sum(chapters.values(), Counter())),
            "chapters": [{"chapter": chapter, **named(found)} for chapter, found in chapters.items()],
        }
        for language, chapters in counts.items()
    ]
    return {"status": 1, "languages": languages}


def _rows(counts: Mapping[Language, Mapping[str, Counter[str]]]) -> Iterator[tuple[str, ...]]:
    for language, chapters in counts.items():
        for chapter, found in chapters.items():
            numbers = {name: str(found[name]) for name in _COUNTS}
            if found["edited"]:
                numbers["draft"] += f" ({found['edited']} edited)"
            done = f"{found['reviewed'] * 100 // found['total']} %" if found["total"] else "–"
            yield language, chapter, *(numbers[name] for name in (*_COUNTS[1:], "total")), done


@translate.command()
@_languages
@click.option("--write", is_flag=True, help="Write the PO files instead of showing what would change.")
@project_option
def fix(languages: tuple[Language, ...], write: bool, root: Path) -> None:
    """Mend what needs no judgement: characters nobody sees, doubled blanks, the width of punctuation, blanks at edges.

    Without --write the changes are shown and nothing is written. What the checks would then find worse stays as it is.
    """
    found, count = mend(begun_languages(open_translations(root, languages)))
    if write:
        write_catalogs(found)
    else:
        for file in changed_catalogs(found):
            before = (read_optional(file.path) or "").splitlines(keepends=True)
            after = (file.text or "").splitlines(keepends=True)
            echo("".join(unified_diff(before, after, f"a/{file.name}", f"b/{file.name}", n=4)), nl=False)
    echo(f"{counted(count, 'translation')} {'mended' if write else 'to mend; --write mends them'}")


@translate.command(name="accept")
@click.argument("marks", nargs=-1, metavar="MARK...")
@reviewer_option
@click.option("--despite-warnings", is_flag=True, help="Also what the checks warn of.")
@project_option
def accept_marks(marks: tuple[str, ...], by: str, despite_warnings: bool, root: Path) -> None:
    """Mark translations as reviewed, each by the mark that stands beside it on the review page.

    What has changed since the mark was made is refused, and so is what has an error. Without any MARK, the blocks that
    wait for a reader are listed with theirs.
    """
    found = begun_languages(open_translations(root, ()))
    if not marks:
        for one, block in pending_blocks(found):
            echo(f"{one} {block.catalog.language} {block.entry.state} {block.entry.context}")
            echo(f"    {_one_line(block.entry.source)}\n    {_one_line(block.entry.translation)}")
        return
    word = Word(action=Action.ACCEPT, by=by, date=today(), despite_warnings=despite_warnings)
    found, count, refused = accept(found, marks, word)
    write_catalogs(found)
    echo(f"{counted(count, 'translation')} accepted")
    for one, refusal in refused.items():
        hint = " (--despite-warnings)" if refusal.despite else ""
        echo(f"{one} refused: {refusal.reason}{hint}", err=True)
        print_diagnostics(refusal.findings)
    if refused:
        raise click.exceptions.Exit(1)


def _one_line(text: str) -> str:
    return " ".join(text.split())


for _command in (fill, review):
    translate.add_command(_command)
