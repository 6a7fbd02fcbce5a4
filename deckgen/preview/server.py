"""Pages on a local address, for whoever opened them and no page elsewhere: what the preview and the review share."""

import secrets
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from deckgen.diagnostics import DeckgenError


class LocalServer:
    """Serves on 127.0.0.1 what ``app`` answers, which is made for each request with the token first. Port 0 takes any
    free one. DeckgenError where the port cannot be used.
    """

    def __init__(self, app: Callable[..., BaseHTTPRequestHandler], *, port: int = 0) -> None:
        self.token = secrets.token_urlsafe(24)
        try:
            self._http = _Quiet(("127.0.0.1", port), partial(app, self.token))
        except OSError as error:
            hint = "choose another with --port"
            raise DeckgenError(f"port {port} cannot be used: {error.strerror}", hint=hint) from error

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}"

    def run(self) -> None:
        """Serves until ``stop`` is called."""
        try:
            self._http.serve_forever(poll_interval=0.1)
        finally:
            self._http.server_close()

    def stop(self) -> None:
        self._http.shutdown()


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing: whoever asked went away, or sent what makes no sense, and gets no answer."""


class LocalApp(BaseHTTPRequestHandler):
    """Answers one request; nothing of it is cached, logged or read by a page elsewhere."""

    timeout = 60
    """Seconds that a request may pause."""

    def __init__(self, token: str, *arguments: Any, **options: Any) -> None:
        self.token = token
        super().__init__(*arguments, **options)

    def is_from_here(self) -> bool:
        """Not a page elsewhere that makes its name point here, or that sends a request in its own name."""
        host = self.headers.get("Host", "")
        return host.partition(":")[0] in ("127.0.0.1", "localhost") and self.headers.get("Origin") in (
            None,
            f"http://{host}",
        )

    def knows(self, given: str) -> bool:
        """Whether a request comes from who was told the token."""
        return secrets.compare_digest(given.encode(), self.token.encode())

    def send(self, content: str | bytes, kind: str, status: HTTPStatus = HTTPStatus.OK) -> None:
        """The whole answer; ``kind`` is a type of text. Without the content where but its head was asked for."""
        data = content.encode() if isinstance(content, str) else content
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def refuse(self, status: HTTPStatus) -> None:
        self.send(status.phrase, "text/plain", status)

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-store")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("X-Frame-Options", "SAMEORIGIN")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing: an address may hold the token."""
