"""A translation server on the loopback interface that speaks LibreTranslate's ``/translate``, and fails as told."""

from __future__ import annotations

import hashlib
import json
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


@dataclass
class Server:
    """``modes`` are used up one per request; after them every request is answered well."""

    modes: list[str] = field(default_factory=list)
    always: str = "ok"
    retry_after: str = "7"
    requests: list[dict[str, str]] = field(default_factory=list)
    queries: list[str] = field(default_factory=list)
    answered: list[str] = field(default_factory=list)
    """The texts that were answered well."""
    url: str = ""
    released: threading.Event = field(default_factory=threading.Event)

    @property
    def next_mode(self) -> str:
        return self.modes[0] if self.modes else self.always

    @property
    def texts(self) -> list[str]:
        return [request.get("q", "") for request in self.requests]


def english(text: str) -> str:
    """A translation that differs for every text and leaves placeholders and Latin letters as they are."""

    def word(found: re.Match[str]) -> str:
        letters = hashlib.sha256(found[0].encode()).hexdigest()[:6].translate(str.maketrans("0123456789", "ghijklmnop"))
        return f" {letters} " * max(1, len(found[0]) // 2)

    return " ".join(re.sub(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uff60]+", word, text).split())


def wait_until(happened: Callable[[], bool], *, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, f"it did not happen within {seconds:g} seconds"
        time.sleep(0.01)


@contextmanager
def translation_server() -> Iterator[Server]:
    server = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            request = {name: values[0] for name, values in parse_qs(body).items()}
            mode = self.take(request, urlsplit(self.path).query)
            self.answer(mode, request.get("q", ""))

        def do_GET(self) -> None:
            address = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(address.query).items()}
            mode = self.take(query, "")
            answer = english(query["q"])
            if mode == "quota":
                answer = "MYMEMORY WARNING: YOU USED ALL AVAILABLE FREE TRANSLATIONS FOR TODAY"
            if mode not in ("ok", "quota") and not mode.startswith("status "):
                self.answer(mode, query["q"])
            elif address.path == "/mymemory" and mode.startswith("status "):
                self.send(200, {"responseData": {"translatedText": answer}, "responseStatus": mode[7:], "matches": []})
            elif address.path == "/google":
                self.send_text(200, f'<html><div class="result-container">{answer}</div></html>')
            else:
                self.send(200, {"responseData": {"translatedText": answer}, "matches": []})

        def take(self, request: dict[str, str], query: str) -> str:
            """How to answer; the request counts only then, so that whoever counts it finds the next mode."""
            mode = server.modes.pop(0) if server.modes else server.always
            server.queries.append(query)
            server.requests.append(request)
            return mode

        def answer(self, mode: str, text: str) -> None:
            match mode:
                case "ok":
                    server.answered.append(text)
                    self.send(200, {"translatedText": english(text)})
                case "429":
                    self.send(429, {"error": "slow down"}, {"Retry-After": server.retry_after})
                case "400" | "403" | "404" | "500":
                    self.send(int(mode), {"error": f"cannot translate {text}"})
                case "redirect":
                    self.send(302, {}, {"Location": f"{server.url}/elsewhere"})
                case "hang":
                    server.released.wait()
                case "drip":
                    self.send_response(200)
                    self.end_headers()
                    while not server.released.wait(0.05):
                        self.wfile.write(b" ")
                        self.wfile.flush()
                case "reset":
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    self.connection.close()
                case "html":
                    self.send_text(200, "<html><body>502 Bad Gateway</body></html>")
                case "error":
                    self.send(200, {"error": f"no model for {text}"})
                case "null":
                    self.send(200, {"translatedText": None})
                case "nothing":
                    self.send_text(200, "null")
                case "number":
                    self.send(200, {"translatedText": 42})
                case "empty":
                    self.send(200, {"translatedText": "  "})
                case "dropped":
                    self.send(200, {"translatedText": re.sub(r"\[X0X\]", "", english(text))})
                case "doubled":
                    self.send(200, {"translatedText": english(text).replace("[X0X]", "[X0X] [X0X]")})
                case "mangled":
                    mangled = re.sub(r"\[X(\d+)X\]", r"【 x\1 X】", english(text)).replace("0", "０")
                    self.send(200, {"translatedText": mangled})
                case "echo":
                    self.send(200, {"translatedText": text})
                case "other":
                    self.send(200, {"translatedText": english("完全是另一段文字的译文，与此无关。")})
                case "surrogate":
                    self.send_text(200, '{"translatedText": "half of \\ud800 a character"}')
                case _ if mode.startswith("says "):
                    self.send(200, {"translatedText": mode[5:]})
                case "injected":
                    self.send(200, {"translatedText": f"{english(text)} <script>alert(1)</script>"})
                case _:
                    raise AssertionError(mode)

        def send(self, status: int, document: object, headers: dict[str, str] | None = None) -> None:
            self.send_text(status, json.dumps(document), headers)

        def send_text(self, status: int, text: str, headers: dict[str, str] | None = None) -> None:
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            data = text.encode()
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """A client that gave up waiting is part of the tests."""

    http = Quiet(("127.0.0.1", 0), Handler)
    server.url = f"http://127.0.0.1:{http.server_address[1]}"
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        http.shutdown()
        http.server_close()
        thread.join()
