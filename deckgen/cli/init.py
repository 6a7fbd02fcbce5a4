"""``deckgen init``: a project from what is there, from files elsewhere, or from an example."""

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from deckgen import adoption
from deckgen.cli.report import print_table
from deckgen.cli.terminal import echo, plain
from deckgen.diagnostics import DeckgenError
from deckgen.project.files import write_atomically
from deckgen.project.layout import project_at
from deckgen.project.reading import read_project
from deckgen.text.sizes import counted

_SAMPLES = 3
_MOST_CHAPTERS = 20


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=".")
@click.option("--from", "origins", multiple=True, type=click.Path(path_type=Path), help="Copy these chapters.")
@click.option("--yes", is_flag=True, help="Ask nothing.")
def init(folder: Path, origins: tuple[Path, ...], yes: bool) -> None:
    """Begin a project in FOLDER: look at its Markdown, show how it is read, write deckgen.toml.

    --from copies Markdown files, or folders of them with their images, into source/; nothing is changed where they
    lie. An empty folder gets a small example. Besides deckgen.toml, .gitignore and a workflow for GitHub are written.
    """
    if project_at(folder):
        raise DeckgenError(f"{folder} is a project already", hint="edit its deckgen.toml, or choose another folder")
    folder.mkdir(parents=True, exist_ok=True)
    if origins:
        _tell(adoption.write_files(folder, adoption.copied_files(origins)))
    elif not read_project(folder)[0].sources:
        echo("There is no Markdown here, so this begins with an example.")
        _tell(adoption.write_files(folder, adoption.example_files()))
    project, _ = read_project(folder)
    readings = adoption.read_book(project)
    _show(readings)
    title = adoption.default_title(project, readings)
    if sys.stdin.isatty() and not yes:
        title = click.prompt("What is the deck called?", default=title)
    contents = adoption.project_files(project, readings, title=title)
    for path, data in contents.items():
        write_atomically(folder / path, data)
    _tell(tuple(contents))
    place = "" if folder == Path() else f" --project {folder}"
    echo(f"next: “deckgen build{place}” makes the decks, “deckgen preview{place}” shows them; open them with Anki")


def _tell(paths: Sequence[str]) -> None:
    for path in paths[:_MOST_CHAPTERS]:
        echo(f"wrote {plain(path)}")
    if len(paths) > _MOST_CHAPTERS:
        echo(f"wrote {len(paths) - _MOST_CHAPTERS} more files")


def _show(readings: Sequence[adoption.Reading]) -> None:
    """How each chapter is read, what else it could be, and a few cards."""
    rows = [
        (reading.chapter.path, str(reading.count), str(chosen.mark) if (chosen := reading.explanation.chosen) else "–")
        for reading in readings[:_MOST_CHAPTERS]
    ]
    print_table("Chapters", ("file", "questions", "marked"), rows)
    if len(readings) > _MOST_CHAPTERS:
        rest = readings[_MOST_CHAPTERS:]
        echo(f"and {len(rest)} more chapters with {sum(reading.count for reading in rest)} questions")
    for reading in readings:
        if reading.choices:
            echo(f"{plain(reading.chapter.path)} can be read in several ways; deckgen.toml offers the choice:")
        for choice, item in reading.choices:
            echo(f"  {choice}: {item.count} × {item.mark}")
    questions = [
        question for reading in readings for category in reading.chapter.categories for question in category.questions
    ]
    step = max(1, len(questions) // _SAMPLES)
    for question in questions[::step][:_SAMPLES]:
        front, answer = map(_first_line, (question.front, question.answer))
        echo(f"  Q: {plain(' · '.join(filter(None, (question.title, front))))[:100]}")
        echo(f"  A: {plain(answer)[:100]}")
    echo(f"{len(questions)} questions in {counted(len(readings), 'chapter')}")


def _first_line(text: str) -> str:
    """The first line that is more than a tag or a fence."""
    return next((line.strip() for line in text.split("\n") if line.strip() and line.lstrip()[0] not in "<`~"), "")
