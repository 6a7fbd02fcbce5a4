"""``deckgen translate fill``: an engine's drafts where there is no translation."""

import os
import time
from collections.abc import Sequence
from pathlib import Path

import click

from deckgen.cli.options import project_option
from deckgen.cli.report import progress_bar
from deckgen.cli.terminal import echo
from deckgen.cli.translations import language_tag, open_translations, today, write_catalogs
from deckgen.localisation.drafting import draft_jobs, reviewed_examples, with_drafts
from deckgen.model import Language
from deckgen.project.files import own_path
from deckgen.text.sizes import counted
from deckgen.translation.drafts.engines import Batch, Engine, engine_names, make_engine
from deckgen.translation.drafts.fill import draft_missing, plan_requests
from deckgen.translation.drafts.ledger import Price, RememberedDrafts, estimate, receipt_of, write_receipt
from deckgen.translation.drafts.parcels import Filled
from deckgen.translation.drafts.sending import Clock
from deckgen.translation.drafts.transport import KEY_VARIABLE


def _address(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    if value is not None and not value.lower().startswith(("http://", "https://")):
        # What was given may hold a key.
        raise click.BadParameter("an address must begin with http:// or https://")
    return value


def _price(_context: click.Context, _parameter: click.Parameter, value: str | None) -> Price | None:
    if value is None:
        return None
    try:
        read, written = (float(part) for part in value.split(","))
    except ValueError:
        raise click.BadParameter(f"“{value}” has to be two numbers with a comma, such as 0.27,1.10") from None
    return Price(tokens_in=read, tokens_out=written)


@click.command()
@click.argument("language", type=language_tag)
@click.option("--engine", "engine_name", required=True, metavar="NAME", help=f"{', '.join(engine_names())}.")
@click.option(
    "--url", callback=_address, help="Its address; libre needs one, and openai's ends before /chat/completions."
)
@click.option("--model", help="Which language model; openai needs one.")
@click.option("--limit", type=click.IntRange(1), help="At most so many blocks.")
@click.option("--stale", is_flag=True, help="Also propose texts beside translations whose source has changed.")
@click.option("--fresh", is_flag=True, help="Ask again for what earlier runs got.")
@click.option("--dry-run", is_flag=True, help="Tell what would be sent and what it would cost, and send nothing.")
@click.option("--price", metavar="IN,OUT", callback=_price, help="Money per million tokens read and written.")
@click.option("--jobs", type=click.IntRange(1), default=8, show_default=True, help="Requests at a time, at most.")
@click.option("--per-minute", type=click.FloatRange(min=0, min_open=True), help="Requests per minute, at most.")
@click.option("--timeout", "timeout_seconds", type=click.FloatRange(1), help="Seconds to wait for an answer.")
@project_option
def fill(
    language: Language,
    engine_name: str,
    url: str | None,
    model: str | None,
    limit: int | None,
    stale: bool,
    fresh: bool,
    dry_run: bool,
    price: Price | None,
    jobs: int,
    per_minute: float | None,
    timeout_seconds: float | None,
    root: Path,
) -> None:
    """Draft what has no translation yet; what is there is never touched.

    The drafts are marked as machine work, and no card shows them before somebody has reviewed them. An engine's key is
    read from the environment variable DECKGEN_ENGINE_KEY. Ctrl-C loses nothing: the next run goes on from there.
    """
    found = open_translations(root, (language,))
    engine = make_engine(
        engine_name,
        url=url,
        model=model,
        key=os.environ.get(KEY_VARIABLE),
        timeout_seconds=timeout_seconds or (120 if model else 30),
    )
    wanted = draft_jobs(found, language, stale=stale, limit=limit)
    reviewed = reviewed_examples(found, language)
    # A model's name may hold slashes.
    name = "".join(character if character.isalnum() or character in "-._" else "-" for character in engine.name)
    place = own_path(found.project.cache, f"drafts/{name}-{language}.jsonl")
    remembered = RememberedDrafts(place, engine.identity, fresh=fresh)
    if dry_run:
        _print_plan(*plan_requests(wanted, engine, remembered, reviewed), len(wanted), engine, price)
        return
    began = time.monotonic()
    with progress_bar() as report:
        filled = draft_missing(
            wanted,
            engine,
            remembered=remembered,
            clock=Clock(now=time.monotonic, sleep=time.sleep),
            reviewed=reviewed,
            in_flight=jobs,
            pause_seconds=60 / per_minute if per_minute else None,
            progress=lambda done, total: report(f"{engine.name}: {language}", done, total),
        )
    seconds = time.monotonic() - began
    found = open_translations(root, (language,))  # somebody may have written translations meanwhile
    found, count = with_drafts(found, language, filled.drafts, engine=engine.name, date=today())
    write_catalogs(found)
    document = receipt_of(filled, engine=engine, language=language, date=today(), seconds=seconds, price=price)
    write_receipt(own_path(found.project.cache, "drafts/receipts.jsonl"), document)
    _print_result(filled, count, len(wanted), price)
    if filled.interrupted:
        raise click.exceptions.Exit(130)
    if filled.stopped or filled.problems:
        raise click.exceptions.Exit(1)


def _print_plan(batches: Sequence[Batch], known: Filled, wanted: int, engine: Engine, price: Price | None) -> None:
    requests = counted(len(batches), "request")
    characters = counted(sum(batch.characters for batch in batches), "character")
    echo(f"{counted(wanted, 'block')} to draft; {requests} of {characters} in all")
    if engine.reads_briefings:
        tokens_in, tokens_out = estimate(batches)
        cost = f", which cost about {price.of(tokens_in, tokens_out):.4f}" if price else ""
        echo(f"about {tokens_in} tokens to read and {tokens_out} to write{cost}")
    for batch in batches:
        for passage in batch.passages:
            echo(f"  {passage.text}")
    if known.cached:
        echo(f"{counted(known.cached, 'block')} remembered from earlier runs; --fresh asks for them again")
    if unsendable := sum(map(len, known.problems.values())):
        echo(f"{counted(unsendable, 'block')} cannot be sent")


def _print_result(filled: Filled, count: int, wanted: int, price: Price | None) -> None:
    echo(
        f"{counted(count, 'draft')} written, {counted(filled.requests, 'request')} sent, "
        f"{counted(filled.cached, 'block')} taken from the cache; "
        "review them in the PO files or with “deckgen translate review”"
    )
    if filled.tokens_in or filled.tokens_out:
        cost = f", {price.of(filled.tokens_in, filled.tokens_out):.4f} in money" if price else ""
        echo(f"{filled.tokens_in} tokens read and {filled.tokens_out} written{cost}")
    for reason, failed in filled.problems.items():
        echo(f"no draft of {counted(len(failed), 'block')}: {reason}", err=True)
        for draft in failed[:3]:
            echo(f"    {' '.join(draft.job.pair.source.split())[:80]}", err=True)
    if filled.stopped:
        left = counted(wanted - len(filled.drafts), "block")
        echo(f"stopped with {left} left: {filled.stopped}; run it again to go on", err=True)
