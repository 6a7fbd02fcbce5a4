"""``deckgen translate fill``: an engine's drafts where there is no translation."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path

import click

from deckgen.cli.options import project_option
from deckgen.cli.report import progress_bar
from deckgen.cli.terminal import echo
from deckgen.cli.translations import language_tag, open_translations, write_catalogs
from deckgen.files import own_path
from deckgen.localisation import missing_jobs, with_drafts
from deckgen.model import Language
from deckgen.translation.drafts.engines import Engine, make_engine
from deckgen.translation.drafts.fill import Clock, Filled, Job, draft_missing, pending_requests, problems_by_reason

KEY_VARIABLE = "DECKGEN_ENGINE_KEY"


def _address(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    if value is not None and not value.lower().startswith(("http://", "https://")):
        raise click.BadParameter(f"“{value}” must begin with http:// or https://")
    return value


@click.command()
@click.argument("language", type=language_tag)
@click.option("--engine", "engine_name", required=True, metavar="NAME", help="libre, google, mymemory or another's.")
@click.option("--url", callback=_address, help="The engine's address; libre needs one.")
@click.option("--limit", type=click.IntRange(1), help="At most so many blocks.")
@click.option("--dry-run", is_flag=True, help="Tell what would be sent, and send nothing.")
@click.option("--timeout", "timeout_seconds", type=click.FloatRange(1), default=30.0, show_default=True)
@project_option
def fill(
    language: Language,
    engine_name: str,
    url: str | None,
    limit: int | None,
    dry_run: bool,
    timeout_seconds: float,
    root: Path,
) -> None:
    """Draft what has no translation yet; what is there is never touched.

    The drafts are marked as machine work, and no card shows them before somebody has reviewed them. An engine's key is
    read from the environment variable DECKGEN_ENGINE_KEY. Ctrl-C loses nothing: the next run goes on from there.
    """
    found = open_translations(root, (language,))
    engine = make_engine(engine_name, url=url, key=os.environ.get(KEY_VARIABLE), timeout_seconds=timeout_seconds)
    jobs = missing_jobs(found, language, limit)
    if dry_run:
        _print_plan(jobs, engine)
        return
    with progress_bar() as report:
        filled = draft_missing(
            jobs,
            engine,
            cache=own_path(found.project.cache, f"drafts/{engine.name}-{language}.jsonl"),
            clock=Clock(now=time.monotonic, sleep=time.sleep),
            progress=lambda done, total: report(f"{engine.name}: {language}", done, total),
        )
    found = open_translations(root, (language,))  # somebody may have written translations meanwhile
    found, count = with_drafts(found, language, filled.drafts, engine=engine.name, date=_today())
    write_catalogs(found)
    _print_result(filled, count, len(jobs))
    if filled.interrupted:
        raise click.exceptions.Exit(130)
    if filled.stopped or problems_by_reason(filled.drafts):
        raise click.exceptions.Exit(1)


def _today() -> str:
    """The day in UTC, or that of SOURCE_DATE_EPOCH."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    return datetime.fromtimestamp(int(epoch) if epoch.isdigit() else time.time(), UTC).date().isoformat()


def _print_plan(jobs: tuple[Job, ...], engine: Engine) -> None:
    plans = [pieces for _, pieces in pending_requests(jobs, engine)]
    characters = sum(len(piece) for pieces in plans for piece in pieces)
    requests = sum(len(pieces) for pieces in plans)
    echo(f"{len(jobs)} blocks without a translation; {requests} requests of {characters} characters in all")
    for pieces in plans:
        for piece in pieces:
            echo(f"  {piece}")
    if skipped := sum(not pieces for pieces in plans):
        echo(f"{skipped} blocks cannot be sent")


def _print_result(filled: Filled, count: int, wanted: int) -> None:
    echo(
        f"{count} drafts written, {filled.requests} requests sent, {filled.cached} blocks taken from the cache; "
        "review them in the PO files or with “deckgen translate review”"
    )
    for reason, failed in problems_by_reason(filled.drafts).items():
        echo(f"no draft of {len(failed)} {'block' if len(failed) == 1 else 'blocks'}: {reason}", err=True)
        for draft in failed[:3]:
            echo(f"    {' '.join(draft.job.pair.source.split())[:80]}", err=True)
    if filled.stopped:
        left = wanted - len(filled.drafts)
        echo(f"stopped with {left} blocks left: {filled.stopped}; run it again to go on", err=True)
