"""Sends batches to an engine: at its pace, again after failures that pass, and no more once the engine is down."""

import random
import re
import threading
from collections.abc import Callable

from msgspec import Struct, field

from deckgen.text.packaged import packaged_table
from deckgen.translation.drafts.engines import Batch, Engine, EngineAnswer, EngineError, Remedy

TRIES = 4
_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_WAIT_SECONDS = 300.0
_DOWN_SECONDS = 3.0
_DOWN_FAILURES, _DOWN_UNREACHABLE = 12, 3
"""After so many failures without a success between, over so long a time, the engine is taken to be down."""
_TABLE = packaged_table("translation/drafts/refusals.toml")
_ABOUT_ERRORS = re.compile(_TABLE["about_errors"], re.IGNORECASE)
_REFUSALS = tuple(
    (re.compile(rf"\A\W*(?:{'|'.join(found['begins'])})", re.IGNORECASE), found["message"], Remedy(found["remedy"]))
    for found in _TABLE["refusals"]
)


class Clock(Struct, frozen=True, kw_only=True):
    """Time as an argument: ``now`` and ``sleep`` in seconds, and the source of jitter."""

    now: Callable[[], float]
    sleep: Callable[[float], None]
    chance: random.Random = field(default_factory=random.Random)


class Sender:
    """One run's way to its engine, shared by the run's threads."""

    def __init__(self, engine: Engine, clock: Clock, *, pause_seconds: float | None = None) -> None:
        self.requests = 0
        self._engine = engine
        self._clock = clock
        self._pause_seconds = engine.limits.pause_seconds if pause_seconds is None else pause_seconds
        self._lock = threading.Lock()
        self._next_at = clock.now()
        self._failures: list[float] = []
        self._over: EngineError | None = None

    def send(self, batch: Batch) -> EngineAnswer:
        """The answer, which is asked for up to ``TRIES`` times.

        EngineError where there is none. After one that no retry can mend every later call fails with it at once.
        """
        left, pause = TRIES, _FIRST_PAUSE_SECONDS
        while True:
            self._await_turn()
            left -= 1
            try:
                answer = self._translated(batch)
            except EngineError as error:
                self._note_failure(error)
                if error.remedy is not Remedy.RETRY or not left:
                    raise
                if error.after_seconds is None:  # twice as long each time, with jitter so that many clients spread
                    self._clock.sleep(pause * self._clock.chance.uniform(0.5, 1.5))
                pause *= 2
            else:
                with self._lock:
                    self._failures.clear()
                return answer

    def stop(self, message: str) -> None:
        """Lets every later call fail."""
        self._over = self._over or EngineError(message, Remedy.STOP)

    def _translated(self, batch: Batch) -> EngineAnswer:
        try:
            answer = self._engine.translate(batch)
        except EngineError:
            raise
        except Exception as error:  # another package's engine; its message may hold a text or a key
            raise EngineError(f"the engine failed with {type(error).__name__}", Remedy.STOP) from None
        # A model that means to refuse fails to answer in its form.
        if not self._engine.reads_briefings and (refused := _refusal(batch, answer)):
            raise refused
        return answer

    def _await_turn(self) -> None:
        with self._lock:
            now = self._clock.now()
            mine = max(self._next_at, now)
            self._next_at = mine + self._pause_seconds
        if mine > now:
            self._clock.sleep(mine - now)
        with self._lock:
            if self._over:
                raise self._over
            self.requests += 1

    def _note_failure(self, error: EngineError) -> None:
        """Makes everybody wait where the server asks for it, and ends the run where there is no hope."""
        with self._lock:
            if (seconds := error.after_seconds) is not None:
                if seconds > _LONGEST_WAIT_SECONDS:
                    message = f"the engine asks to wait for {seconds:.0f} seconds; run this again later"
                    self._over = EngineError(message, Remedy.STOP)
                self._next_at = max(self._next_at, self._clock.now() + seconds)
            elif error.remedy is Remedy.RETRY:
                self._failures.append(self._clock.now())
                enough = _DOWN_UNREACHABLE if error.unreachable else _DOWN_FAILURES
                if len(self._failures) >= enough and self._failures[-1] - self._failures[0] >= _DOWN_SECONDS:
                    self._over = EngineError(f"the engine seems to be down: {error}", Remedy.STOP)
            if error.remedy is Remedy.STOP:
                self._over = error
            if self._over:
                raise self._over from None


def _refusal(batch: Batch, answer: EngineAnswer) -> EngineError | None:
    """What an engine means that answers a text with an error in words, as if it were the translation."""
    for passage in batch.passages:
        for said, message, remedy in _REFUSALS:
            apt = remedy is Remedy.RETRY and _ABOUT_ERRORS.search(passage.text)
            if not apt and said.search(answer.texts.get(passage.id, "")):
                return EngineError(message, remedy)
    return None
