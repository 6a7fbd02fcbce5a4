"""HTTP for engines: in time, within bounds, without redirections, and without a text or a key in any message."""

import email.utils
import threading
import time
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from deckgen.memory.workers import within
from deckgen.translation.drafts.engines import EngineError, Remedy

KEY_VARIABLE = "DECKGEN_ENGINE_KEY"
_MAX_ANSWER_BYTES = 1 << 20
_CONNECT_SECONDS = 5.0
_CHUNK_BYTES = 1 << 16


class HttpReply(Struct, frozen=True, kw_only=True):
    """What a server answered; ``kind`` is its media type."""

    status: int
    text: str
    kind: str
    retry_after: str | None


class Transport:
    """Sends requests, each thread over connections of its own.

    ``own_server`` for one that the user named: a proxy or a .netrc is of no use for it, and might be told its key.
    """

    def __init__(self, *, timeout_seconds: float, own_server: bool) -> None:
        # The import takes a tenth of a second, which only those who use an engine should wait.
        import requests

        self._requests = requests
        self._threads = threading.local()
        self._trust_environment = not own_server
        self._timeout_seconds = timeout_seconds

    def send(self, method: str, url: str, **sent: object) -> HttpReply:
        """The server's answer, whatever its status. EngineError where there is none, or none that ends.

        What is ``sent`` is called as requests calls it: ``headers``, ``params``, ``data`` or ``json``.
        """
        timeout = (min(_CONNECT_SECONDS, self._timeout_seconds), self._timeout_seconds)
        ask = partial(self._session().request, method, url, timeout=timeout, allow_redirects=False, stream=True, **sent)
        try:
            return within(2 * self._timeout_seconds, lambda: self._reply(ask()))
        except (self._requests.exceptions.RequestException, OSError, ValueError) as error:
            del self._threads.session  # which a server that drips headers keeps busy
            message = f"no answer from {server_name(url)} ({type(error).__name__})"
            raise EngineError(message, Remedy.RETRY, unreachable=_is_unreachable(error)) from None

    def _reply(self, response: Any) -> HttpReply:
        body = bytearray()
        with response:
            for chunk in response.iter_content(_CHUNK_BYTES):
                body += chunk
                if len(body) > _MAX_ANSWER_BYTES:
                    raise EngineError("an answer without an end", Remedy.RETRY)
        return HttpReply(
            status=response.status_code,
            text=body.decode("utf-8-sig", errors="replace"),
            kind=response.headers.get("Content-Type", "").partition(";")[0].strip().lower(),
            retry_after=response.headers.get("Retry-After"),
        )

    def _session(self) -> Any:
        if not hasattr(self._threads, "session"):
            self._threads.session = self._requests.Session()
            self._threads.session.trust_env = self._trust_environment
        return self._threads.session


def _is_unreachable(error: Exception) -> bool:
    """Whether no connection came about; requests has one class for that and for one that breaks."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return type(reason).__name__ in ("NewConnectionError", "NameResolutionError", "ConnectTimeoutError")


def server_name(url: str) -> str:
    """The address without what may be a secret or a text in it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def raise_for_status(status: int, retry_after: str | None = None) -> None:
    """EngineError for every status but that of success, with what can be done about it."""
    if 200 <= status < 300:
        return
    if status in (401, 403):
        raise EngineError(f"access refused (HTTP {status}); set {KEY_VARIABLE} if it needs a key", Remedy.STOP)
    if status in (402, 456):
        raise EngineError(f"the account's money or quota is used up (HTTP {status})", Remedy.STOP)
    if 300 <= status < 400 or status in (404, 405):
        raise EngineError(f"no such service at this address (HTTP {status})", Remedy.STOP)
    if status in (408, 425, 429) or status >= 500:
        raise EngineError(f"HTTP {status}", Remedy.RETRY, after_seconds=_seconds(retry_after))
    raise EngineError(f"the text was refused (HTTP {status})", Remedy.SKIP)


def _seconds(retry_after: str | None) -> float | None:
    """RFC 9110, section 10.2.3: seconds, or a date."""
    if not retry_after:
        return None
    if retry_after.strip().isdecimal():
        return float(retry_after)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(retry_after).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None
