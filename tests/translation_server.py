"""A translation server on the loopback interface that speaks as each engine's does, and fails as told."""

from __future__ import annotations

import hashlib
import json
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
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
    chats: list[dict[str, Any]] = field(default_factory=list)
    """What was asked over the chat protocol."""
    headers: list[dict[str, str]] = field(default_factory=list)
    latency_seconds: float = 0.0
    translate: Callable[[str], str] = lambda text: english(text)
    together: threading.Barrier | None = None
    """Answers nobody before so many ask."""
    in_flight: int = 0
    most_in_flight: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    kill: Callable[[], None] = lambda: None
    """Takes no more connections, and drops those that are open."""
    url: str = ""
    released: threading.Event = field(default_factory=threading.Event)

    @property
    def next_mode(self) -> str:
        return self.modes[0] if self.modes else self.always

    @property
    def texts(self) -> list[str]:
        return [request.get("q", "") for request in self.requests]

    def blocks(self, number: int) -> list[dict[str, Any]]:
        """Those of a request over the chat protocol."""
        return list(asked(self.chats[number])["blocks"])


def asked(chat: dict[str, Any]) -> dict[str, Any]:
    """The document that the user's message of a chat request holds."""
    return dict(json.loads(chat["messages"][1]["content"]))


def english(text: str) -> str:
    """A translation that differs for every text and leaves placeholders and Latin letters as they are."""

    def word(found: re.Match[str]) -> str:
        letters = hashlib.sha256(found[0].encode()).hexdigest()[:6].translate(str.maketrans("0123456789", "ghijklmnop"))
        return "".join(f" {letters}{'' if at % 2 else 'x'} " for at in range(max(1, len(found[0]) // 2)))

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
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            server.headers.append(dict(self.headers))
            with server.lock:
                server.in_flight += 1
                server.most_in_flight = max(server.in_flight, server.most_in_flight)
            time.sleep(server.latency_seconds)
            if server.together:
                server.together.wait()
            with server.lock:
                server.in_flight -= 1
            path = urlsplit(self.path).path
            if path.endswith("/chat/completions"):
                document = json.loads(body)
                server.chats.append(document)
                self.chat(self.take({}, urlsplit(self.path).query), document)
                return
            if path.endswith("/microsoft"):
                document = json.loads(body)
                self.take({"q": document[0]["Text" if "Text" in document[0] else "text"]}, urlsplit(self.path).query)
                self.send(200, [{"translations": [{"text": english(document[0]["text"])}]}])
                return
            request = {name: values[0] for name, values in parse_qs(body).items()}
            mode = self.take(request, urlsplit(self.path).query)
            if path.endswith("/deepl/translate"):
                self.send(200, {"translations": [{"text": english(request["text"])}]})
            elif path.endswith("/baidu"):
                failed = {"error_code": mode[6:], "error_msg": "no"} if mode.startswith("baidu ") else None
                self.send(200, failed or {"trans_result": [{"dst": english(request["q"])}]})
            else:
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

        def chat(self, mode: str, document: dict[str, Any]) -> None:
            blocks = asked(document)["blocks"]
            rows = [{"id": block["id"], "text": server.translate(block["text"])} for block in blocks]
            match mode:
                case "ok":
                    self.say(rows)
                case "fenced":
                    self.say(rows, "Sure! Here is {it}:\n```json\n%s\n```\nAnything else?")
                case "thinking":
                    self.say(rows, "<think>{maybe} %s</think>\n%s".replace("%s", '{"translations": []}', 1))
                case "prose":
                    self.content("Here is the translation: " + rows[0]["text"])
                case "chatter":
                    self.say([{**row, "text": f"Here is the translation: {row['text']}"} for row in rows])
                case "half":
                    self.say(rows[: len(rows) // 2])
                case "wrong ids":
                    self.say([{**row, "id": row["id"] + 1} for row in rows])
                case "text ids":
                    self.say([{**row, "id": str(row["id"])} for row in rows])
                case "doubled ids":
                    self.say([rows[0], *rows])
                case "numbers":
                    self.say([{**row, "text": 7} for row in rows])
                case "chinese":
                    self.say([{**row, "text": f"另一种语言的译文，编号{row['id']}，很长。"} for row in rows])
                case "bare":
                    self.say([{**row, "text": re.sub(r"<x\d+/>", "", row["text"])} for row in rows])
                case "stray":
                    self.say([{**row, "text": row["text"] + " 残留的文字"} for row in rows])
                case "megabyte":
                    self.content('{"a":' * 500_000)
                case "braces":
                    self.content('{"a":' * 100_000)
                case "stream":
                    self.send_text(200, 'data: {"choices": []}\n\n', {"Content-Type": "text/event-stream"})
                case "cut off":
                    self.content('{"translations": [{"id"', finish_reason="length" if len(blocks) > 1 else "stop")
                case "plain":
                    if "response_format" in document:
                        self.send(400, {"error": {"message": "response_format is not supported"}})
                    else:
                        self.say(rows)
                case "quota":
                    self.send(429, {"error": {"code": "insufficient_quota", "message": "pay"}})
                case "no model":
                    self.send(404, {"error": {"message": "model not found"}})
                case "null":
                    self.send(200, {"choices": [{"message": {"content": None}}]})
                case "nothing":
                    self.send(200, {"choices": []})
                case _:
                    self.answer(mode, blocks[0]["text"])

        def say(self, rows: list[dict[str, Any]], form: str = "%s") -> None:
            self.content(form % json.dumps({"translations": rows}, ensure_ascii=False))

        def content(self, text: str, *, finish_reason: str = "stop") -> None:
            choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish_reason}
            self.send(200, {"choices": [choice], "usage": {"prompt_tokens": 100, "completion_tokens": 10}})

        def answer(self, mode: str, text: str) -> None:
            match mode:
                case "ok":
                    server.answered.append(text)
                    self.send(200, {"translatedText": server.translate(text)})
                case "429":
                    self.send(429, {"error": "slow down"}, {"Retry-After": server.retry_after})
                case "400" | "403" | "404" | "500":
                    self.send(int(mode), {"error": f"cannot translate {text}"})
                case "redirect":
                    self.send(302, {}, {"Location": f"{server.url}/elsewhere"})
                case "hang":
                    server.released.wait()
                case "drip":
                    self.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
                    while not server.released.wait(0.05):
                        self.wfile.write(b" ")
                        self.wfile.flush()
                case "reset":
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    self.connection.close()
                    self.close_connection = True
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
            data = text.encode()
            for name, value in {"Content-Type": "application/json; charset=utf-8", **(headers or {})}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def get_request(self) -> tuple[socket.socket, Any]:
            taken, address = super().get_request()
            sockets.add(taken)
            return taken, address

        def handle_error(self, request: object, client_address: object) -> None:
            """A client that gave up waiting is part of the tests."""

    sockets: set[socket.socket] = set()

    def kill() -> None:
        http.shutdown()
        http.server_close()
        for taken in sockets:
            with suppress(OSError):
                taken.shutdown(socket.SHUT_RDWR)

    server.kill = kill
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
