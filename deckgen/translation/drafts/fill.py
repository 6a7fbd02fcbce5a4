"""Fills what is missing with drafts of an engine: one request at a time, each result checked and kept at once."""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deckgen.model import Markdown
from deckgen.text.titles import folded
from deckgen.translation.checks.pairs import Pair, check_pair
from deckgen.translation.drafts.engines import Engine, EngineError, Remedy, refusal
from deckgen.translation.drafts.placeholders import PlaceholderError, Protected, holds_placeholder, protect, restore
from deckgen.translation.glossary import LanguageGlossary

TRIES = 5
_BASE_SECONDS = 1.0
_MOST_SECONDS = 60.0
_LONGEST_WAIT_SECONDS = 300.0
_FAILURES_IN_A_ROW = 5
"""After so many texts without an answer the engine is taken to be down."""
_REJECTED = frozenset(("translation-missing", "translation-markup", "translation-blocks", "translation-placeholder"))
_REPEAT_LENGTH = 12
_BROKEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffd]")
"""Control characters, halves of characters and what stands for a character that got lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A block without a translation."""

    pair: Pair


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What became of a job: a translation, or the reason why there is none."""

    job: Job
    translation: Markdown | None
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """What a run brought. ``stopped`` is why it ended early, empty where it did not; ``requests`` were sent."""

    drafts: tuple[Draft, ...]
    requests: int
    cached: int
    stopped: str = ""
    interrupted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """Time as an argument: ``now`` and ``sleep`` in seconds, and the source of jitter."""

    now: Callable[[], float]
    sleep: Callable[[float], None]
    chance: random.Random = field(default_factory=random.Random)


def draft_missing(
    jobs: Sequence[Job],
    engine: Engine,
    *,
    cache: Path,
    clock: Clock,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Filled:
    """Drafts for the jobs, in their order.

    Every accepted draft is in the file ``cache`` before the next request is sent; what is there already is not asked
    for again. Ctrl-C ends the run with what it has.
    """
    run = _Run(engine=engine, cache=cache, clock=clock)
    drafts: list[Draft] = []
    stopped, interrupted = "", False
    try:
        for done, job in enumerate(jobs):
            progress(done, len(jobs))
            drafts.append(run.draft(job))
        progress(len(jobs), len(jobs))
    except EngineError as error:
        stopped = str(error)
    except KeyboardInterrupt:
        stopped, interrupted = "interrupted", True
    return Filled(
        drafts=tuple(map(run.settled, drafts)),
        requests=run.requests,
        cached=run.cached,
        stopped=stopped,
        interrupted=interrupted,
    )


class _RepeatedError(EngineError):
    """An answer that another text got."""


_REPEATED = "it is the answer that another text got"


class _Run:
    """One run's memory: what is cached, when the last request was, how many failed in a row."""

    def __init__(self, *, engine: Engine, cache: Path, clock: Clock) -> None:
        self.requests = 0
        self.cached = 0
        self._engine = engine
        self._clock = clock
        self._cache = cache
        self._known = dict(_read_cache(cache))
        self._answers: dict[str, tuple[str, str]] = {}
        self._withdrawn: set[str] = set()
        self._last_accepted = ""
        self._last_request: float | None = None
        self._failures = 0

    def draft(self, job: Job) -> Draft:
        """Raises EngineError only where going on makes no sense."""
        pair = job.pair
        key = _cache_key(pair, self._engine.name)
        known = self._known.get(key)
        if known is not None and not _objection(pair, known) and not self._is_repeated(key, pair.source, known):
            self.cached += 1
            return Draft(job=job, translation=Markdown(known))
        if exact := _from_glossary(pair):
            return Draft(job=job, translation=exact)
        try:
            translation = self._translated(key, pair)
        except EngineError as error:
            if error.remedy is Remedy.STOP:
                raise
            failed = error.remedy is Remedy.RETRY or isinstance(error, _RepeatedError)
            self._failures = self._failures + 1 if failed else 0
            if self._failures >= _FAILURES_IN_A_ROW:
                message = f"{_FAILURES_IN_A_ROW} texts in a row failed, the last with: {error}"
                raise EngineError(message, Remedy.STOP) from None
            return Draft(job=job, translation=None, problem=str(error))
        except PlaceholderError as error:
            return Draft(job=job, translation=None, problem=str(error))
        self._failures, self._last_accepted = 0, key
        _append_to_cache(self._cache, key, translation)
        self._known[key] = translation
        return Draft(job=job, translation=translation)

    def settled(self, draft: Draft) -> Draft:
        """The draft, or none where its answer was given to another text too."""
        if _cache_key(draft.job.pair, self._engine.name) not in self._withdrawn or draft.translation is None:
            return draft
        return Draft(job=draft.job, translation=None, problem=_REPEATED)

    def _translated(self, key: str, pair: Pair) -> Markdown:
        given = protect(pair.source, pair.glossary, self._engine.placeholder)
        problem = EngineError("no answer", Remedy.SKIP)
        for attempt in range(TRIES):
            try:
                translation = self._asked(key, pair, given)
            except EngineError as error:
                if error.remedy is not Remedy.RETRY or attempt == TRIES - 1:
                    raise
                self._wait(attempt, error.after_seconds)
                continue
            except PlaceholderError as error:
                # A machine that loses a placeholder of a text loses it each time; once more is enough.
                problem = EngineError(str(error), Remedy.SKIP)
                if attempt:
                    raise problem from None
                continue
            if objection := _objection(pair, translation):
                raise EngineError(objection, Remedy.SKIP)
            if self._is_repeated(key, pair.source, translation):
                raise _RepeatedError(_REPEATED, Remedy.SKIP)
            return translation
        raise problem

    def _asked(self, key: str, pair: Pair, given: Protected) -> Markdown:
        answers = []
        for piece in _pieces(given.text, self._engine.max_characters):
            self._pace()
            self.requests += 1
            answer = self._engine.translate(piece, source=pair.source_language, target=pair.language).strip()
            if refused := refusal(piece, answer):
                raise refused
            # With placeholders one answer may be right for several texts: [X0X] is a model.
            if not holds_placeholder(answer) and self._is_repeated(key, piece, answer):
                raise _RepeatedError(_REPEATED, Remedy.SKIP)
            answers.append(answer)
        joint = "" if pair.script in ("ja", "zh") else " "
        text = joint.join(answers).replace("\r\n", "\n")
        return restore(_without_bars(text) if pair.kind == "cell" else text, given)

    def _is_repeated(self, key: str, source: str, answer: str) -> bool:
        """Whether another text got this answer; then neither can be trusted, and the other's draft is taken back.

        An engine that is shared, confused or at its limit answers so.
        """
        other_source, other_key = self._answers.setdefault(folded(answer), (source, key))
        if len(answer) < _REPEAT_LENGTH or folded(other_source) == folded(source):
            return False
        if other_key != key and self._known.get(other_key):
            self._withdrawn.add(other_key)
            self._known[other_key] = ""
            self._failures += other_key == self._last_accepted
            _append_to_cache(self._cache, other_key, "")
        return True

    def _pace(self) -> None:
        if self._last_request is not None:
            rest = self._last_request + self._engine.pause_seconds - self._clock.now()
            if rest > 0:
                self._clock.sleep(rest)
        self._last_request = self._clock.now()

    def _wait(self, attempt: int, after_seconds: float | None) -> None:
        """What the server asks for, else twice as long each time, with jitter so that many clients spread."""
        if after_seconds is not None and after_seconds > _LONGEST_WAIT_SECONDS:
            message = f"the engine asks to wait for {after_seconds:.0f} seconds; run this again later"
            raise EngineError(message, Remedy.STOP)
        backoff = min(_BASE_SECONDS * 2**attempt, _MOST_SECONDS) * self._clock.chance.uniform(0.5, 1.5)
        self._clock.sleep(backoff if after_seconds is None else after_seconds)


def pending_requests(jobs: Sequence[Job], engine: Engine) -> Iterator[tuple[Job, tuple[str, ...]]]:
    """What would be sent for each job; empty where the text cannot be protected."""
    for job in jobs:
        try:
            given = protect(job.pair.source, job.pair.glossary, engine.placeholder)
            yield job, tuple(_pieces(given.text, engine.max_characters))
        except (PlaceholderError, EngineError):
            yield job, ()


def _objection(pair: Pair, translation: str) -> str:
    """Why a draft cannot be used; what only a reader can judge is left to the checks."""
    if not translation.strip():
        return "an empty answer"
    if set(_BROKEN.findall(translation)) - set(pair.source):
        return "an answer with broken characters"
    checked = Pair(
        source=pair.source,
        translation=Markdown(translation),
        language=pair.language,
        source_language=pair.source_language,
        kind=pair.kind,
        glossary=LanguageGlossary(),
    )
    for problem in check_pair(checked):
        if problem.rule in _REJECTED:
            return problem.message
        if problem.rule == "translation-copied":
            return "it is the source itself"
    return ""


def _from_glossary(pair: Pair) -> Markdown | None:
    """A block that is a term and nothing else."""
    term = next((term for term in pair.glossary.terms if term.source == pair.source), None)
    return Markdown(term.targets[0]) if term else None


def _without_bars(text: str) -> str:
    """A machine's ``|`` would end its table cell."""
    return re.sub(r"(?<!\\)\|", r"\\|", text)


_SENTENCE = re.compile(r"[^。！？；!?;\n]*(?:[。！？；!?;\n]+|$)")


def _pieces(text: str, most: int) -> Iterator[str]:
    """The text in pieces of whole sentences, none longer than ``most``. EngineError where a sentence is longer."""
    piece = ""
    for sentence in _SENTENCE.findall(text):
        if len(sentence) > most:
            raise EngineError(f"a sentence is longer than the {most} characters that the engine takes", Remedy.SKIP)
        if piece and len(piece) + len(sentence) > most:
            yield piece
            piece = ""
        piece += sentence
    if piece:
        yield piece


# --- the cache: one JSON object per line, each written before the next request ----------------------------------------


def _cache_key(pair: Pair, engine: str) -> str:
    parts = (engine, pair.source_language, pair.language, pair.kind, pair.source)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _read_cache(path: Path) -> Iterator[tuple[str, str]]:
    """What earlier runs got; a line that was cut off in the middle does not count."""
    if not path.is_file():
        return
    for line in path.read_text(encoding="utf-8", errors="replace").split("\n"):
        try:
            entry = json.loads(line)
            yield str(entry["key"]), str(entry["translation"])
        except (ValueError, KeyError, TypeError):
            continue


def _append_to_cache(path: Path, key: str, translation: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    line = json.dumps({"key": key, "translation": translation}, ensure_ascii=False)
    torn = path.is_file() and path.stat().st_size > 0 and not _ends_with_newline(path)
    with path.open("a", encoding="utf-8", newline="\n") as file:
        file.write(f"\n{line}\n" if torn else f"{line}\n")
        file.flush()
        os.fsync(file.fileno())


def _ends_with_newline(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


def problems_by_reason(drafts: Iterable[Draft]) -> dict[str, list[Draft]]:
    """The jobs without a draft, by what went wrong."""
    failed: dict[str, list[Draft]] = {}
    for draft in drafts:
        if draft.translation is None:
            failed.setdefault(draft.problem, []).append(draft)
    return failed
