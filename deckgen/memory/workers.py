"""Work in several processes, in order, where one that dies is named with what it died of; and work within a time."""

import gc
import multiprocessing
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from deckgen.diagnostics import DeckgenError

MUCH_TEXT = 400_000
"""Characters to read from which on it pays to begin other processes."""
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class WorkerDiedError(Exception):
    """A process died, killed or crashed, over the item of this index."""

    def __init__(self, index: int) -> None:
        super().__init__(f"a process died over item {index}")
        self.index = index


def died_over(what: str) -> DeckgenError:
    """The error that says so of what a process worked on."""
    return DeckgenError(
        f"the process that read {what} was ended",
        hint="build again with --jobs 1; if that ends as well, take the text apart",
    )


def can_fork() -> bool:
    """Whether a process can begin at once, with all that this one has, such as functions within functions.

    Where other threads run, and on other systems, that is not safe.
    """
    return sys.platform == "linux" and threading.active_count() == 1


@contextmanager
def without_collector() -> Iterator[None]:
    """Python looks for no circles meanwhile: the values of a build hold none, and a fifth of it would go into that."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def give_back_memory() -> None:
    """What was freed goes to the system: glibc keeps it where something in use lies above, to no one's good."""
    if sys.platform == "linux":
        import ctypes  # takes as long as a tenth of a build that changes nothing

        with suppress(OSError, AttributeError):  # other libraries for C have no such call
            ctypes.CDLL(None).malloc_trim(0)


def within(seconds: float, work: Callable[[], _Result]) -> _Result:
    """What ``work`` gives or raises; TimeoutError after so long: a server may send a byte now and then for ever."""
    done = Future[_Result]()

    def run() -> None:
        try:
            done.set_result(work())
        except BaseException as error:
            done.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return done.result(seconds)


def map_in_processes(
    function: Callable[[_Item], _Result], items: Sequence[_Item], *, jobs: int, chunk: int
) -> Iterator[_Result]:
    """``function`` of every item, in their order, by at most ``jobs`` processes that take ``chunk`` items at a time.

    Each is given as soon as it and those before it are done.

    Where a process dies, its chunk is worked on once more, then item by item: WorkerDiedError where it dies again.
    With one job, or few items, no process is begun, and none is needed where the system begins none.
    """
    if jobs < 2 or len(items) <= chunk:
        yield from map(function, items)
        return
    given = 0
    try:
        for result in _in_pool(function, items, min(jobs, -(-len(items) // chunk)), chunk):
            yield result
            given += 1
    except BrokenProcessPool:
        for start in range(given, len(items), chunk):
            yield from _again(function, items[start : start + chunk], start)


def _in_pool(function: Callable[[_Item], _Result], items: Sequence[_Item], jobs: int, chunk: int) -> Iterator[_Result]:
    global _inherited
    forks = can_fork()
    context = multiprocessing.get_context("fork" if forks else "spawn")
    with ProcessPoolExecutor(jobs, mp_context=context, initializer=_end_with_parent) as pool:
        results: Iterator[_Result]
        try:
            if forks:
                _inherited = function, items
                results = pool.map(_of_inherited, range(len(items)), chunksize=chunk)
            else:
                results = pool.map(function, items, chunksize=chunk)
        except OSError:  # the system begins no more processes; those that it began would wait for ever
            for process in multiprocessing.active_children():
                process.terminate()
            results = map(function, items)
        finally:
            _inherited = None  # all processes have begun
        yield from results


_inherited: tuple[Callable[[Any], Any], Sequence[Any]] | None = None
"""What a process that was forked has already, and need not be sent."""


def _of_inherited(index: int) -> Any:
    assert _inherited
    function, items = _inherited
    return function(items[index])


def _end_with_parent() -> None:
    """Else a process whose parent was killed waits for work for ever, and holds what its parent had locked."""
    parent = multiprocessing.parent_process()
    assert parent

    def wait() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def _again(function: Callable[[_Item], _Result], items: Sequence[_Item], first: int) -> list[_Result]:
    try:
        return list(_in_pool(function, items, 1, len(items)))
    except BrokenProcessPool:
        if len(items) == 1:
            raise WorkerDiedError(first) from None
        return [done for index, item in enumerate(items) for done in _again(function, [item], first + index)]
