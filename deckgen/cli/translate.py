"""``deckgen translate``: catalogs brought up to date, drafted, checked, reviewed and measured."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click

from deckgen.cli.fill import fill
from deckgen.cli.options import project_option
from deckgen.cli.report import print_counts, print_diagnostics, print_table
from deckgen.cli.review import review
from deckgen.cli.terminal import echo, escaped
from deckgen.cli.translations import language_tag, open_translations, write_catalogs
from deckgen.diagnostics import Severity, has_errors
from deckgen.localisation import accept, check_translations
from deckgen.model import Language
from deckgen.translation.status import Progress, measure_progress, progress_document

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
    findings = (*found.diagnostics, *check_translations(found))
    print_diagnostics(findings, least=Severity.INFO)
    print_counts(findings)
    if has_errors(findings):
        raise click.exceptions.Exit(1)


@translate.command()
@_languages
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@project_option
def status(languages: tuple[Language, ...], as_json: bool, root: Path) -> None:
    """Count the blocks that are reviewed, drafted, stale and missing, per language and chapter."""
    found = open_translations(root, languages, lenient=True)
    rows = measure_progress(found.catalogs, found.chapters, found.languages)
    print_diagnostics(found.diagnostics)
    if as_json:
        click.echo(escaped(json.dumps(progress_document(rows), ensure_ascii=False, indent=1)))
    else:
        _print_progress(rows)
    if has_errors(found.diagnostics):
        raise click.exceptions.Exit(1)


def _print_progress(rows: Sequence[Progress]) -> None:
    print_table(
        "Translations, in blocks",
        ("language", "chapter", "reviewed", "draft", "stale", "missing", "total", "done"),
        [
            (
                row.language,
                row.chapter,
                str(row.reviewed),
                f"{row.draft} ({row.edited} edited)" if row.edited else str(row.draft),
                str(row.stale),
                str(row.missing),
                str(row.total),
                f"{row.reviewed * 100 // row.total} %" if row.total else "–",
            )
            for row in rows
        ],
    )


@translate.command(name="accept")
@click.argument("keys", nargs=-1, required=True, metavar="KEY...")
@click.option("--language", "languages", multiple=True, type=language_tag, help="Only this language.")
@project_option
def accept_keys(keys: tuple[str, ...], languages: tuple[Language, ...], root: Path) -> None:
    """Mark every translation of these questions or categories as reviewed."""
    found = open_translations(root, languages)
    if strange := [language for language in languages if not any(tag == language for _, tag in found.read)]:
        raise click.UsageError(
            f"there are no translations into {', '.join(strange)}; “deckgen translate extract” makes their files"
        )
    found, count = accept(found, keys)
    write_catalogs(found)
    echo(f"{count} translations accepted")


for _command in (fill, review):
    translate.add_command(_command)
