"""How findings, progress and results look on a terminal: the only module that imports rich."""

import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from deckgen.cli.terminal import Detail, detail, echo, plain, say
from deckgen.diagnostics import Diagnostic, Severity, has_errors
from deckgen.model import Location
from deckgen.text.sizes import counted

if TYPE_CHECKING:
    from deckgen.corpus import Progress as ReportProgress
    from deckgen.identity.changes import Changes

_MANY, _FEW = 10, 3
"""Of findings with one rule: more than so many are many, and so many are shown then."""
_REFRESH_SECONDS = 0.1
_COLOURS = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.INFO: "cyan", Severity.OFF: "dim"}


def print_diagnostics(findings: Iterable[Diagnostic], *, least: Severity = Severity.WARNING) -> None:
    """Findings on stderr as ``path:line:column: severity: message [rule]``, the place and a hint below, errors last.

    Many are counted first and grouped by rule; of a rule with many the first are shown and the others counted by file.
    With --verbose all are shown, file by file.
    """
    order = list(Severity)
    if detail() is Detail.QUIET:
        least = Severity.ERROR
    shown = [found for found in findings if order.index(found.severity) <= order.index(least)]
    shown.sort(key=lambda found: found.severity is Severity.ERROR)
    many = len(shown) > _MANY and detail() is not Detail.VERBOSE
    groups: dict[tuple[int, str], list[Diagnostic]] = defaultdict(list)
    for found in shown:
        groups[(-order.index(found.severity), found.rule) if many else (0, "")].append(found)
    hidden = 0
    with _console(err=True, soft_wrap=True) as console:
        if many:
            console.print(_counted(shown))
        for (_, rule), group in sorted(groups.items(), key=lambda item: item[0][0]):
            kept = _FEW if many and len(group) > _MANY else len(group)
            for found in group[:kept]:
                _print_finding(console, found)
            if rest := group[kept:]:
                console.print(Text(_rest(rule, rest), style=_COLOURS[rest[0].severity]))
                hidden += len(rest)
        if hidden:
            console.print(f"--verbose shows the {hidden} findings that are only counted here")


@contextmanager
def _console(*, err: bool = False, width: int | None = None, soft_wrap: bool = False) -> Iterator[Console]:
    """A console for stdout or stderr; what it was given is printed at the end."""
    console = Console(stderr=err, highlight=False, soft_wrap=soft_wrap, width=width)
    with console.capture() as captured:
        yield console
    say(captured.get(), err=err)


def _rest(rule: str, group: Sequence[Diagnostic]) -> str:
    files = Counter(found.location.path for found in group if found.location).most_common()
    told = [f"{plain(path)} {count}" for path, count in files[:_FEW]]
    if len(files) > len(told):
        told.append(f"others {sum(count for _, count in files[_FEW:])}")
    places = f": {', '.join(told)}" if told else ""
    return f"{group[0].severity}: {len(group)} more [{rule}]{places}"


def _print_finding(console: Console, found: Diagnostic) -> None:
    place = found.location
    where = plain(f"{place.path}:{place.line}:{place.column}: ") if place else ""
    severity = (f"{found.severity}: ", _COLOURS[found.severity])
    console.print(Text.assemble(where, severity, plain(found.message), (f" [{found.rule}]", "dim")))
    if found.excerpt and place:
        # Wider than the terminal, a line would wrap, and the mark below it point at something else.
        line, mark = excerpt_lines(found.excerpt, place, width=min(100, console.width - 6))
        console.print(Text(f"    {plain(line)}", style="dim"))
        console.print(Text(f"    {mark}", style=_COLOURS[found.severity]))
    if found.hint:
        first, *others = found.hint.split("\n")
        console.print(Text("\n".join((f"    hint: {plain(first)}", *(f"      {plain(line)}" for line in others)))))


def print_counts(findings: Sequence[Diagnostic]) -> None:
    """One line on stderr: how many errors, warnings and hints there were; above it the errors again, if much stands
    between.
    """
    errors = [found for found in findings if found.severity is Severity.ERROR]
    for found in errors[:_FEW] if len(findings) > _MANY else ():
        where = plain(f"{found.location.path}:{found.location.line}: ") if found.location else ""
        echo(f"{where}error: {plain(found.message)}", err=True)
    if errors or detail() is not Detail.QUIET:
        echo(_counted(findings), err=True)


def _counted(findings: Sequence[Diagnostic]) -> str:
    counts = Counter(found.severity for found in findings)
    words = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "remark"}
    parts = [counted(count, word) for kind, word in words.items() if (count := counts[kind])]
    return ", ".join(parts) or "no findings"


def fail_on_errors(findings: Iterable[Diagnostic]) -> None:
    """Ends the command, with exit code 1, where one of the findings is an error."""
    if has_errors(findings):
        raise click.exceptions.Exit(1)


def print_changes(changes: "Changes") -> None:
    """What a build does to the questions, on stdout, and each new one that stands where another vanished.

    Nothing with --quiet.
    """
    if detail() is Detail.QUIET:
        return
    if changes.items:
        echo(f"questions: {changes.summary()}")
    for new, old in changes.replaced:
        said = f"  “{plain(new.title)}” is new where “{plain(old.title)}” is gone; if it is the same: "
        echo(f"{said}deckgen lock link {old.key} {new.key}")


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table on stdout, nothing without rows; columns of numbers or sizes alone are aligned to the right."""
    rows = [tuple(row) for row in rows]
    if not rows:
        return
    table = Table(title=title, title_justify="left", title_style="bold")
    for position, column in enumerate(columns):
        numeric = all(row[position][:1].isdigit() or row[position] in ("", "–") for row in rows)
        table.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(plain(cell)) for cell in row))
    with _console(width=None if sys.stdout.isatty() else 140) as console:
        console.print(table)


@contextmanager
def progress_bar() -> "Iterator[ReportProgress]":
    """A bar on stderr that follows the stages; nothing where stderr is no terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    shown = 0.0
    console = Console(stderr=True)
    # A bar that refreshes itself is a thread, and where one runs, no process can be forked.
    with Progress(
        *columns, console=console, transient=True, auto_refresh=False, disable=not sys.stderr.isatty()
    ) as bar:
        task = bar.add_task("", total=None)

        def report(stage: str, done: int, total: int) -> None:
            nonlocal shown
            bar.update(task, description=stage, completed=done, total=total or None)
            if done >= total or time.monotonic() >= shown + _REFRESH_SECONDS:
                bar.refresh()
                shown = time.monotonic()

        yield report


def excerpt_lines(excerpt: str, place: Location, *, width: int = 100) -> tuple[str, str]:
    """The part of a source line around a place, and the line that points at it, both in columns of a terminal.

    A full-width character takes two columns, and a tab or a control character is shown as a space.
    """
    text = "".join(character if character.isprintable() else " " for character in excerpt)
    start = min(max(place.column - 1, 0), len(text))
    end = place.end_column if place.end_line == place.line and place.end_column > start else start + 1
    end = min(max(end, start + 1), max(len(text), start + 1))
    indent = len(text) - len(text.lstrip())
    first = min(indent, start)
    if cell_len(text[first:end]) > width:
        first = max(first, start - 20)
    last, used = first, 0
    while last < len(text) and used < width:
        used += cell_len(text[last])
        last += 1
    shown = ("…" if first > indent else "", "…" if text[last:].strip() else "")
    before = cell_len(shown[0] + text[first:start])
    marked = max(1, cell_len(text[start : min(end, last)]))
    return f"{shown[0]}{text[first:last].rstrip()}{shown[1]}", " " * before + "^" + "~" * (marked - 1)
