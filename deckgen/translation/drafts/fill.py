"""Fills what is missing with drafts of an engine: several requests at a time, each answer judged and kept at once."""

from __future__ import annotations

import queue
import re
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import count

from deckgen.model import Markdown
from deckgen.text.titles import folded
from deckgen.translation.checks.pairs import Pair
from deckgen.translation.drafts.answers import objection, refusal
from deckgen.translation.drafts.briefing import Example, Job
from deckgen.translation.drafts.engines import Batch, Engine, EngineAnswer, EngineError, Remedy
from deckgen.translation.drafts.parcels import Asked, Parcel, ask, batches, parcels
from deckgen.translation.drafts.placeholders import PlaceholderError, holds_placeholder, unmask
from deckgen.translation.drafts.remembered import RememberedDrafts
from deckgen.translation.drafts.sending import Clock, Sender

_FAILURES_IN_A_ROW = 5
"""After so many texts in a row that got an answer of no use, there is no use in going on."""
_REPEAT_LENGTH = 12
_REPEATED = "it is the answer that another text got"
_POLL_SECONDS = 0.2
"""How often Ctrl-C is listened to where the system does not let it wake a waiting thread."""
_LAST_ANSWERS_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What became of a job: a translation, or the reason why there is none."""

    job: Job
    translation: Markdown | None
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """What a run brought, in the order of its jobs.

    ``stopped`` is why it ended early, empty where it did not; ``requests`` were sent, ``cached`` jobs needed none.
    """

    drafts: tuple[Draft, ...]
    requests: int
    cached: int
    tokens_in: int = 0
    tokens_out: int = 0
    stopped: str = ""
    interrupted: bool = False


def draft_missing(
    jobs: Sequence[Job],
    engine: Engine,
    *,
    remembered: RememberedDrafts,
    clock: Clock,
    reviewed: Sequence[Example] = (),
    in_flight: int = 1,
    pause_seconds: float | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Filled:
    """Drafts for the jobs, with at most ``in_flight`` requests at a time, and no more than the engine allows.

    What is remembered, or a term of the glossary, is not asked for. Every draft is remembered before the next request
    of its thread is sent, so that Ctrl-C or a crash loses none. ``pause_seconds`` between the beginnings of two
    requests, else the engine's own.
    """
    run = _Run(engine, remembered, reviewed, Sender(engine, clock, pause_seconds=pause_seconds))
    stopped, interrupted = "", False
    try:
        run.work(jobs, min(in_flight, engine.limits.in_flight), progress)
    except EngineError as error:
        stopped = str(error)
    except KeyboardInterrupt:
        stopped, interrupted = "interrupted", True
    finally:
        remembered.close()
    return Filled(
        drafts=tuple(run.drafts[job] for job in jobs if job in run.drafts),
        requests=run.sender.requests,
        cached=run.cached,
        tokens_in=run.tokens[0],
        tokens_out=run.tokens[1],
        stopped=stopped,
        interrupted=interrupted,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Returned:
    """What came back for a parcel; ``error`` where nothing did."""

    parcel: Parcel
    answers: tuple[EngineAnswer, ...] = ()
    error: EngineError | None = None


class _Run:
    """What is known while drafts are made; its threads touch nothing of it but the sender and two queues."""

    def __init__(
        self, engine: Engine, remembered: RememberedDrafts, reviewed: Sequence[Example], sender: Sender
    ) -> None:
        self.sender = sender
        self.drafts: dict[Job, Draft] = {}
        self.cached = 0
        self.tokens = [0, 0]
        self._engine = engine
        self._remembered = remembered
        self._reviewed = reviewed
        self._answers: dict[str, Job] = {}
        self._useless = 0
        self._last_accepted: Job | None = None
        self._waiting: deque[Parcel] = deque()
        self._tasks: queue.SimpleQueue[tuple[Parcel, tuple[Batch, ...]] | None] = queue.SimpleQueue()
        self._results: queue.SimpleQueue[_Returned] = queue.SimpleQueue()
        self._out = 0

    def work(self, jobs: Sequence[Job], in_flight: int, progress: Callable[[int, int], None]) -> None:
        """First what needs no engine, then one parcel per thread until none is left."""
        progress(0, len(jobs))
        self._waiting.extend(parcels(self._ready(jobs), self._engine))
        for _ in range(in_flight):
            threading.Thread(target=self._serve, daemon=True).start()
        try:
            while self._waiting or self._out:
                progress(len(self.drafts), len(jobs))
                self._send(in_flight)
                if returned := self._next():
                    if in_flight > 1:
                        self._send(in_flight)  # nobody waits while an answer is judged
                    self._waiting.extendleft(reversed(self._judge(returned)))
            progress(len(self.drafts), len(jobs))
        except EngineError as error:
            self._end(str(error), seconds=_LAST_ANSWERS_SECONDS)
            raise
        except KeyboardInterrupt:
            self._end("interrupted", seconds=0.0)
            raise
        finally:
            for _ in range(in_flight):
                self._tasks.put(None)

    def _send(self, in_flight: int) -> None:
        """Gives every idle thread its work."""
        while self._waiting and self._out < in_flight:
            parcel = self._waiting.popleft()
            self._tasks.put((parcel, tuple(batches(parcel, self._engine, self._reviewed))))
            self._out += 1

    def _next(self) -> _Returned | None:
        try:
            returned = self._results.get(timeout=_POLL_SECONDS)
        except queue.Empty:
            return None
        self._out -= 1
        return returned

    def _end(self, why: str, *, seconds: float) -> None:
        """Sends nothing more, and keeps what is already answered, or is so within ``seconds``: it may be paid for."""
        self.sender.stop(why)
        deadline = time.monotonic() + seconds
        while self._out and (time.monotonic() < deadline or not self._results.empty()):
            if returned := self._next():
                with suppress(EngineError):
                    self._judge(returned)

    def _serve(self) -> None:
        """One thread's work: nothing but requests."""
        while task := self._tasks.get():
            parcel, requests = task
            try:
                answers = tuple(self.sender.send(batch, _refusal(batch, self._engine)) for batch in requests)
                self._results.put(_Returned(parcel=parcel, answers=answers))
            except EngineError as error:
                self._results.put(_Returned(parcel=parcel, error=error))

    def _ready(self, jobs: Sequence[Job]) -> Iterator[Asked]:
        """The jobs that an engine has to be asked for; all others are settled."""
        for job in jobs:
            known = self._remembered.get(job.pair)
            if known and not self._objection(job.pair, known) and not self._is_repeated(job, job.pair.source, known):
                self.cached += 1
                self._settle(job, known)
            elif term := next((term for term in job.pair.glossary.terms if term.source == job.pair.source), None):
                self._settle(job, term.targets[0])
            else:
                try:
                    yield ask(job, self._engine)
                except (PlaceholderError, EngineError) as error:
                    self.drafts[job] = Draft(job=job, translation=None, problem=str(error))

    def _judge(self, returned: _Returned) -> Sequence[Parcel]:
        """Keeps what is good of an answer; what is not is given up, or returned to be asked for once more."""
        if returned.error:
            return self._after_failure(returned.parcel, returned.error)
        texts = {number: text for answer in returned.answers for number, text in answer.texts.items()}
        complaint = next((answer.complaint for answer in returned.answers if answer.complaint), "")
        self.tokens[0] += sum(answer.tokens_in for answer in returned.answers)
        self.tokens[1] += sum(answer.tokens_out for answer in returned.answers)
        ids = count(1)
        good: list[tuple[Asked, Markdown]] = []
        bad: list[tuple[Asked, str]] = []
        again: list[Asked] = []
        for item in returned.parcel:
            answers = [texts.get(next(ids), "") for _ in item.pieces]
            try:
                good.append((item, self._draft(item, answers, complaint)))
            except _UselessError as error:
                if item.again or not (error.mendable or self._engine.reads_briefings):
                    bad.append((item, str(error)))
                else:
                    refused = " ".join(answers)[:_QUOTED]
                    again.append(replace(item, complaint=str(error), refused=refused, again=True))
        self._accept(good)
        self._give_up(bad, useless=not good and (self._engine.reads_briefings or (_REPEATED in dict(bad).values())))
        return (tuple(again),) if again else ()

    def _after_failure(self, parcel: Parcel, error: EngineError) -> Sequence[Parcel]:
        if error.remedy is Remedy.STOP:
            raise error
        if error.remedy is Remedy.SKIP and len(parcel) > 1:
            middle = len(parcel) // 2
            return (parcel[:middle], parcel[middle:])
        self._give_up([(item, str(error)) for item in parcel], useless=error.remedy is Remedy.RETRY)
        return ()

    def _draft(self, item: Asked, answers: Sequence[str], complaint: str) -> Markdown:
        """The draft that the answers for its pieces make. _UselessError where that cannot be used."""
        if complaint or not all(answers):
            raise _UselessError(complaint or "the answer had no text for it")
        pair = item.job.pair
        for piece, answer in zip(item.pieces, answers, strict=True):
            # With placeholders one answer may be right for several texts: [X0X] is a model.
            if not holds_placeholder(answer, item.given.style) and self._is_repeated(item.job, piece, answer):
                raise _UselessError(_REPEATED)
        joint = "" if pair.script in ("ja", "zh") else " "
        text = joint.join(answer.strip() for answer in answers).replace("\r\n", "\n")
        if pair.kind == "cell":
            text = re.sub(r"(?<!\\)\|", r"\\|", text)  # a machine's bar would end the cell
        try:
            draft = unmask(text, item.given)
        except PlaceholderError as error:
            raise _UselessError(str(error), mendable=True) from None
        if problem := self._objection(pair, draft):
            raise _UselessError(problem)
        if self._is_repeated(item.job, pair.source, draft):
            raise _UselessError(_REPEATED)
        return draft

    def _objection(self, pair: Pair, draft: str) -> str:
        return objection(pair, draft, strict=self._engine.reads_briefings)

    def _accept(self, good: Sequence[tuple[Asked, Markdown]]) -> None:
        self._remembered.keep([(item.job.pair, draft) for item, draft in good])
        for item, draft in good:
            self._settle(item.job, draft)
            self._useless, self._last_accepted = 0, item.job

    def _settle(self, job: Job, draft: str) -> None:
        self.drafts[job] = Draft(job=job, translation=Markdown(draft))

    def _give_up(self, bad: Sequence[tuple[Asked, str]], *, useless: bool) -> None:
        for item, problem in bad:
            self.drafts[item.job] = Draft(job=item.job, translation=None, problem=problem)
        if bad:
            self._useless = self._useless + 1 if useless else 0
        if self._useless >= _FAILURES_IN_A_ROW:
            message = f"{_FAILURES_IN_A_ROW} requests in a row brought nothing, the last with: {bad[-1][1]}"
            raise EngineError(message, Remedy.STOP)

    def _is_repeated(self, job: Job, source: str, answer: str) -> bool:
        """Whether another text got this answer; then neither can be trusted, and the other's draft is taken back.

        A service that is shared, confused or at its limit answers so. A model would have to fake its ids too.
        """
        if self._engine.reads_briefings or len(answer) < _REPEAT_LENGTH:
            return False
        other = self._answers.setdefault(folded(answer), job)
        if other is job or folded(other.pair.source) in (folded(source), folded(job.pair.source)):
            return False
        if (kept := self.drafts.get(other)) and kept.translation:
            self._remembered.keep([(other.pair, "")])
            self.drafts[other] = Draft(job=other, translation=None, problem=_REPEATED)
            self._useless += other is self._last_accepted
        return True


class _UselessError(Exception):
    """An answer that makes no draft; ``mendable`` where even a machine may do better the next time."""

    def __init__(self, message: str, *, mendable: bool = False) -> None:
        super().__init__(message)
        self.mendable = mendable


_QUOTED = 1000
"""Characters of a refused answer that are sent back with the complaint."""


def _refusal(batch: Batch, engine: Engine) -> Callable[[EngineAnswer], EngineError | None]:
    """Finds errors in words; a model that means to refuse fails to answer in its form."""

    def refused(answer: EngineAnswer) -> EngineError | None:
        if engine.reads_briefings:
            return None
        texts = ((passage.text, answer.texts.get(passage.id, "")) for passage in batch.passages)
        return next((error for text, said in texts if (error := refusal(text, said))), None)

    return refused


def problems_by_reason(drafts: Iterable[Draft]) -> dict[str, list[Draft]]:
    """The jobs without a draft, by what went wrong."""
    failed: dict[str, list[Draft]] = defaultdict(list)
    for draft in drafts:
        if draft.translation is None:
            failed[draft.problem].append(draft)
    return failed
