"""Fills what is missing with drafts of an engine: several requests at a time, each answer judged and kept at once."""

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import count

from deckgen.model import Markdown, replace
from deckgen.text.titles import folded
from deckgen.translation.drafts.engines import Batch, Engine, EngineAnswer, EngineError, Example, Remedy
from deckgen.translation.drafts.ledger import RememberedDrafts
from deckgen.translation.drafts.parcels import (
    Asked,
    Draft,
    Filled,
    Job,
    Parcel,
    UselessError,
    ask,
    batches,
    draft_of,
    in_parcels,
    objection,
)
from deckgen.translation.drafts.placeholders import PlaceholderError, pattern_of
from deckgen.translation.drafts.sending import Clock, Sender

_FAILURES_IN_A_ROW = 5
"""After so many texts in a row that got an answer of no use, there is no use in going on."""
_REPEAT_LENGTH = 12
_REPEATED = "it is the answer that another text got"
_QUOTED = 1000
"""Characters of a refused answer that are sent back with the complaint."""
_POLL_SECONDS = 0.2
"""How often Ctrl-C is listened to where the system does not let it wake a waiting thread."""
_LAST_ANSWERS_SECONDS = 10.0


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
    return replace(run.filled(jobs), stopped=stopped, interrupted=interrupted)


def plan_requests(
    jobs: Sequence[Job], engine: Engine, remembered: RememberedDrafts, reviewed: Sequence[Example]
) -> tuple[tuple[Batch, ...], Filled]:
    """What `draft_missing` would send if every first answer were good, and what it would know without sending."""
    run = _Run(engine, remembered, reviewed, None)
    waiting = tuple(in_parcels(run.ready(jobs), engine))
    return tuple(batch for parcel in waiting for batch in batches(parcel, engine, reviewed)), run.filled(jobs)


class _Run:
    """What is known while drafts are made; its threads touch nothing of it but the sender and two queues.

    Without a sender nothing is sent, and nothing is written.
    """

    def __init__(
        self, engine: Engine, remembered: RememberedDrafts, reviewed: Sequence[Example], sender: Sender | None
    ) -> None:
        self._engine = engine
        self._remembered = remembered
        self._reviewed = reviewed
        self._sender = sender
        self._drafts: dict[Job, Draft] = {}
        self._cached = 0
        self._tokens = [0, 0]
        self._answers: dict[str, Job] = {}
        self._useless = 0
        self._last_accepted: Job | None = None
        self._waiting: deque[Parcel] = deque()
        self._tasks: queue.SimpleQueue[tuple[Parcel, tuple[Batch, ...]] | None] = queue.SimpleQueue()
        self._results: queue.SimpleQueue[tuple[Parcel, Sequence[EngineAnswer] | EngineError]] = queue.SimpleQueue()
        self._out = 0

    def filled(self, jobs: Sequence[Job]) -> Filled:
        return Filled(
            drafts=tuple(self._drafts[job] for job in jobs if job in self._drafts),
            requests=self._sender.requests if self._sender else 0,
            cached=self._cached,
            tokens_in=self._tokens[0],
            tokens_out=self._tokens[1],
        )

    def ready(self, jobs: Sequence[Job]) -> Iterator[Asked]:
        """The jobs that an engine has to be asked for; all others are settled."""
        for job in jobs:
            pair, known = job.pair, self._remembered.get(job.pair)
            usable = known and not objection(pair, known, self._engine)
            if usable and not self._is_repeated(job, pair.source, known):
                self._cached += 1
                self._settle(job, known)
            elif term := next((term for term in pair.glossary.terms if term.source == pair.source), None):
                self._settle(job, term.targets[0])
            else:
                try:
                    yield ask(job, self._engine)
                except (PlaceholderError, EngineError) as error:
                    self._drafts[job] = Draft(job=job, translation=None, problem=str(error))

    def work(self, jobs: Sequence[Job], in_flight: int, progress: Callable[[int, int], None]) -> None:
        """First what needs no engine, then one parcel per thread until none is left."""
        progress(0, len(jobs))
        self._waiting.extend(in_parcels(self.ready(jobs), self._engine))
        for _ in range(in_flight):
            threading.Thread(target=self._serve, daemon=True).start()
        try:
            while self._waiting or self._out:
                progress(len(self._drafts), len(jobs))
                self._send(in_flight)
                self._receive(in_flight)
            progress(len(self._drafts), len(jobs))
        except EngineError as error:
            self._end(str(error), seconds=_LAST_ANSWERS_SECONDS)
            raise
        except KeyboardInterrupt:
            self._end("interrupted", seconds=0.0)
            raise
        finally:
            for _ in range(in_flight):
                self._tasks.put(None)

    def _serve(self) -> None:
        """One thread's work: nothing but requests."""
        while task := self._tasks.get():
            parcel, requests = task
            try:
                self._results.put((parcel, [self._sender.send(batch) for batch in requests] if self._sender else []))
            except EngineError as error:
                self._results.put((parcel, error))

    def _send(self, in_flight: int) -> None:
        """Gives every idle thread its work."""
        while self._waiting and self._out < in_flight:
            parcel = self._waiting.popleft()
            self._tasks.put((parcel, tuple(batches(parcel, self._engine, self._reviewed))))
            self._out += 1

    def _receive(self, in_flight: int) -> None:
        """Takes one answer, if there is one; nobody else waits while it is judged."""
        try:
            parcel, answer = self._results.get(timeout=_POLL_SECONDS)
        except queue.Empty:
            return
        self._out -= 1
        if in_flight > 1:
            self._send(in_flight)
        again = self._failed(parcel, answer) if isinstance(answer, EngineError) else self._judge(parcel, answer)
        self._waiting.extendleft(reversed(again))

    def _end(self, why: str, *, seconds: float) -> None:
        """Sends nothing more, and keeps what is already answered, or is so within ``seconds``: it may be paid for."""
        if self._sender:
            self._sender.stop(why)
        deadline = time.monotonic() + seconds
        while self._out and (time.monotonic() < deadline or not self._results.empty()):
            with suppress(EngineError):
                self._receive(0)

    def _failed(self, parcel: Parcel, error: EngineError) -> Sequence[Parcel]:
        if error.remedy is Remedy.STOP:
            raise error
        if error.remedy is Remedy.SKIP and len(parcel) > 1:
            middle = len(parcel) // 2
            return (parcel[:middle], parcel[middle:])
        # How long nobody was reached is for the sender to say: all that are in flight fail together, and are no row.
        useless = error.remedy is Remedy.RETRY and not error.unreachable
        self._give_up([(item, str(error)) for item in parcel], useless=useless)
        return ()

    def _judge(self, parcel: Parcel, returned: Sequence[EngineAnswer]) -> Sequence[Parcel]:
        """Keeps what is good of an answer; what is not is given up, or returned to be asked for once more."""
        texts = {number: text for answer in returned for number, text in answer.texts.items()}
        complaint = next((answer.complaint for answer in returned if answer.complaint), "")
        self._tokens[0] += sum(answer.tokens_in for answer in returned)
        self._tokens[1] += sum(answer.tokens_out for answer in returned)
        ids = count(1)
        good: list[tuple[Asked, Markdown]] = []
        bad: list[tuple[Asked, str]] = []
        again: list[Asked] = []
        for item in parcel:
            answers = [texts.get(next(ids), "") for _ in item.pieces]
            try:
                good.append((item, self._draft(item, answers, complaint)))
            except UselessError as error:
                if item.complaint or not (error.mendable or self._engine.reads_briefings):
                    bad.append((item, str(error)))
                else:
                    again.append(replace(item, complaint=str(error), refused=" ".join(answers)[:_QUOTED]))
        self._remembered.keep([(item.job.pair, draft) for item, draft in good])
        for item, draft in good:
            self._settle(item.job, draft)
            self._useless, self._last_accepted = 0, item.job
        self._give_up(bad, useless=not good and (self._engine.reads_briefings or (_REPEATED in dict(bad).values())))
        return (tuple(again),) if again else ()

    def _draft(self, item: Asked, answers: Sequence[str], complaint: str) -> Markdown:
        """The draft that the answers for its pieces make. UselessError where that cannot be used."""
        if complaint or not all(answers):
            raise UselessError(complaint or "the answer had no text for it")
        for piece, answer in zip(item.pieces, answers, strict=True):
            # With placeholders one answer may be right for several texts: [X0X] is a model.
            if not pattern_of(item.given.style).search(answer) and self._is_repeated(item.job, piece, answer):
                raise UselessError(_REPEATED)
        draft = draft_of(item, answers, self._engine)
        if self._is_repeated(item.job, item.job.pair.source, draft):
            raise UselessError(_REPEATED)
        return draft

    def _settle(self, job: Job, draft: str) -> None:
        self._drafts[job] = Draft(job=job, translation=Markdown(draft))

    def _give_up(self, bad: Iterable[tuple[Asked, str]], *, useless: bool) -> None:
        problem = ""
        for item, problem in bad:
            self._drafts[item.job] = Draft(job=item.job, translation=None, problem=problem)
        if problem:
            self._useless = self._useless + 1 if useless else 0
        if self._useless >= _FAILURES_IN_A_ROW:
            message = f"{_FAILURES_IN_A_ROW} requests in a row brought nothing, the last with: {problem}"
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
        if (kept := self._drafts.get(other)) and kept.translation:
            if self._sender:
                self._remembered.keep([(other.pair, "")])
            self._drafts[other] = Draft(job=other, translation=None, problem=_REPEATED)
            self._useless += other is self._last_accepted
        return True
