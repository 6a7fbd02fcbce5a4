"""The engines that draft translations; the only code that calls a network, and the only one to import deep-translator.

An engine from elsewhere is a package with an entry point in the group ``deckgen.engines``: a callable that takes
``url``, ``key`` and ``timeout_seconds`` and returns an `Engine`.
"""

from __future__ import annotations

import email.utils
import json
import re
import time
from collections.abc import Callable, Mapping
from enum import StrEnum
from importlib import import_module, metadata
from types import ModuleType
from typing import Any, Protocol
from urllib.parse import urlsplit

from deckgen.diagnostics import DeckgenError
from deckgen.model import Language

ENTRY_POINTS = "deckgen.engines"


class Engine(Protocol):
    """What drafts one text at a time; it need not be safe to call from several threads."""

    @property
    def name(self) -> str:
        """One word, which marks the drafts."""

    @property
    def max_characters(self) -> int:
        """Of one request."""

    @property
    def pause_seconds(self) -> float:
        """Between two requests."""

    @property
    def placeholder(self) -> str:
        """With ``{}`` for a number: what the engine passes through unchanged, such as ``[X{}X]``."""

    def translate(self, text: str, *, source: Language, target: Language) -> str:
        """The translation, whatever it is worth. Raises only EngineError, without the text or a key in its message."""


class Remedy(StrEnum):
    """What can be done after a failure."""

    RETRY = "retry"
    SKIP = "skip"
    """This text will never do."""
    STOP = "stop"
    """Nor will any other."""


class EngineError(Exception):
    """A request that gave no translation; ``after_seconds`` is how long the server asks to wait, where it does."""

    def __init__(self, message: str, remedy: Remedy, *, after_seconds: float | None = None) -> None:
        super().__init__(message)
        self.remedy = remedy
        self.after_seconds = after_seconds


def refusal(text: str, answer: str) -> EngineError | None:
    """What an engine means that answers ``text`` with an error in words, as if it were the translation."""
    for said, message, remedy in _REFUSALS:
        if said.search(answer) and not (remedy is Remedy.RETRY and _ABOUT_ERRORS.search(text)):
            return EngineError(message, remedy)
    return None


def make_engine(name: str, *, url: str | None = None, key: str | None = None, timeout_seconds: float = 30) -> Engine:
    """The engine of this name. DeckgenError where there is none, or where it cannot work."""
    if name in _DEAD:
        raise DeckgenError(f"the engine {name} does not work: {_DEAD[name]}", hint=f"use one of {_names()}")
    if make := _ENGINES.get(name):
        return make(url, key, timeout_seconds)
    for entry in metadata.entry_points(group=ENTRY_POINTS, name=name):
        made: Engine = entry.load()(url=url, key=key, timeout_seconds=timeout_seconds)
        return made
    raise DeckgenError(f"there is no engine {name}", hint=f"use one of {_names()}")


def engine_names() -> tuple[str, ...]:
    """The engines that can be used, those of other packages last."""
    others = sorted(entry.name for entry in metadata.entry_points(group=ENTRY_POINTS))
    return tuple(dict.fromkeys((*_ENGINES, *others)))


def _names() -> str:
    return ", ".join(engine_names())


_DEAD: Mapping[str, str] = {
    "deepl": "deep-translator's class for it asks an interface that was switched off",
    "papago": "deep-translator's class for it asks an interface that was switched off",
    "yandex": "deep-translator's class for it asks an interface that was switched off",
    "chatgpt": "deep-translator's class for it needs a library version that is gone",
}
_ABOUT_ERRORS = re.compile("请求|限流|网关|服务|错误|访问|拒绝|语言对|error|request|HTTP", re.IGNORECASE)
"""In a text whose translation may well read like a refusal."""
_REFUSALS = tuple(
    (re.compile(rf"\A\W*(?:{pattern})", re.IGNORECASE), message, remedy)
    for pattern, message, remedy in (
        ("MYMEMORY WARNING|YOU USED ALL AVAILABLE", "the day's quota is used up", Remedy.STOP),
        (
            r"INVALID (?:\w+ )?LANGUAGE|PLEASE SELECT TWO DISTINCT LANGUAGES|\S+ IS AN INVALID \w+ LANGUAGE",
            "the engine does not translate between these languages",
            Remedy.STOP,
        ),
        ("QUERY LENGTH LIMIT", "the text is too long for the engine", Remedy.SKIP),
        (
            r"(?:(?:HTTP|error|status)\W*)?(?:\d{3}\W+)?(?:too many requests|rate limit|(?:quota|limit) exceeded"
            r"|internal server error|bad gateway|gateway time-?out|service (?:temporarily )?unavailable|access denied"
            r"|forbidden\b|unauthorized\b|your (?:IP|request) (?:has been|was) blocked|slow ?down\W*\Z)",
            "an error in words instead of a translation",
            Remedy.RETRY,
        ),
    )
)
_TESTED = "1.11."
_MAX_ANSWER_BYTES = 1 << 20


class _DeepTranslator:
    """One class of deep-translator, made to answer in time, to follow no redirection and to fail with EngineError."""

    placeholder = "[X{}X]"

    def __init__(
        self,
        name: str,
        *,
        class_name: str,
        max_characters: int,
        pause_seconds: float,
        arguments: Mapping[str, object],
        code: Callable[[Language, Any], str],
        url: str | None,
        transport: _Transport,
    ) -> None:
        self.name = name
        self.max_characters = max_characters
        self.pause_seconds = pause_seconds
        self._module = _tested_module(name)
        self._class = getattr(self._module, class_name)
        self._arguments = arguments
        self._code = code
        self._url = url
        self._transport = transport

    def translate(self, text: str, *, source: Language, target: Language) -> str:
        translator = self._translator(source, target)
        # The library's functions look up ``requests`` in their module each time they are called.
        self._module.requests = self._transport  # type: ignore[attr-defined]
        try:
            answer = translator.translate(text)
        except EngineError:
            raise
        except Exception as error:
            # Its exceptions, and those that it lets through, quote the text and the key.
            raise EngineError(f"an answer that makes no sense ({type(error).__name__})", Remedy.RETRY) from None
        if not isinstance(answer, str) or not answer.strip():
            raise EngineError("an empty answer", Remedy.RETRY)
        return answer

    def _translator(self, source: Language, target: Language) -> Any:
        try:
            codes = self._class(source="auto", target="auto", **self._arguments)._languages.values()
            translator = self._class(
                source=self._code(source, codes), target=self._code(target, codes), **self._arguments
            )
        except Exception:
            message = f"the engine {self.name} does not translate {source} into {target}"
            raise EngineError(message, Remedy.STOP) from None
        if self._url:
            translator._base_url = self._url
        return translator


class _Transport:
    """Stands in for the module ``requests`` inside deep-translator, which sets no timeout and puts keys into addresses.

    ``form`` sends what the library wants to put into the query string as the form of a POST; ``drop`` names fields
    that are left out.
    """

    def __init__(self, *, timeout_seconds: float, own_server: bool, drop: frozenset[str] = frozenset()) -> None:
        requests = import_module("requests")
        self._failures: tuple[type[Exception], ...] = (requests.exceptions.RequestException, OSError)
        self._session = requests.Session()
        # A proxy or a .netrc is of no use for a server that was named, and might be told its key.
        self._session.trust_env = not own_server
        self._timeout_seconds = timeout_seconds
        self._drop = drop

    def post(self, url: str, params: Mapping[str, str], **_: object) -> _Answer:
        data = {name: value for name, value in params.items() if name not in self._drop}
        return self._send("POST", url, data=data)

    def get(self, url: str, params: Mapping[str, str], **_: object) -> _Answer:
        return self._send("GET", url, params=params)

    def _send(self, method: str, url: str, **arguments: object) -> _Answer:
        deadline = time.monotonic() + self._timeout_seconds
        try:
            with self._session.request(
                method, url, timeout=self._timeout_seconds, allow_redirects=False, stream=True, **arguments
            ) as response:
                _raise_for_status(response.status_code, response.headers.get("Retry-After"))
                body = bytearray()
                # Byte by byte, since a longer read would wait for the last byte of a server that drips.
                for chunk in response.iter_content(1):
                    body += chunk
                    if len(body) > _MAX_ANSWER_BYTES or time.monotonic() > deadline:
                        raise EngineError("an answer without an end", Remedy.RETRY)
                return _Answer(bytes(body).decode(response.encoding or "utf-8", errors="replace"))
        except self._failures as error:
            raise EngineError(f"no answer from {_server(url)} ({type(error).__name__})", Remedy.RETRY) from None
        except LookupError:
            raise EngineError("an answer in an unknown encoding", Remedy.RETRY) from None


class _Answer:
    """As much of ``requests.Response`` as deep-translator reads."""

    status_code = 200

    def __init__(self, text: str) -> None:
        self.text = text

    def json(self) -> Any:
        """The document. EngineError where it holds a status of its own, as MyMemory's, and not that of success."""
        document = json.loads(self.text)
        status = document.get("responseStatus") if isinstance(document, dict) else None
        if status is not None and str(status).isdigit():
            _raise_for_status(int(status), None)
        return document

    def close(self) -> None:
        pass


def _server(url: str) -> str:
    """The address without what may be a secret or a text in it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _raise_for_status(status: int, retry_after: str | None) -> None:
    if 200 <= status < 300:
        return
    if status in (401, 403):
        raise EngineError(f"access refused (HTTP {status}); set DECKGEN_ENGINE_KEY if it needs a key", Remedy.STOP)
    if 300 <= status < 400 or status in (404, 405):
        raise EngineError(f"no translation server at this address (HTTP {status})", Remedy.STOP)
    if status in (408, 425, 429) or status >= 500:
        raise EngineError(f"HTTP {status}", Remedy.RETRY, after_seconds=_seconds(retry_after))
    raise EngineError(f"the text was refused (HTTP {status})", Remedy.SKIP)


def _seconds(retry_after: str | None) -> float | None:
    """RFC 9110, section 10.2.3: seconds, or a date."""
    if not retry_after:
        return None
    if retry_after.strip().isdigit():
        return float(retry_after)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(retry_after).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None


def _tested_module(name: str) -> ModuleType:
    version = metadata.version("deep-translator")
    if not version.startswith(_TESTED):
        raise DeckgenError(
            f"deep-translator {version} is not a version that this was tested with",
            hint=f"install deep-translator {_TESTED}*",
        )
    return import_module(f"deep_translator.{name}")


def _libre(url: str | None, key: str | None, timeout_seconds: float) -> Engine:
    if not url:
        raise DeckgenError("the engine libre needs the address of a LibreTranslate server", hint="give it with --url")
    return _DeepTranslator(
        "libre",
        class_name="LibreTranslator",
        max_characters=2000,
        pause_seconds=0.0,
        # The class demands a key even for a server that needs none.
        arguments={"api_key": key or "none"},
        code=_base_code,
        url=f"{url.rstrip('/')}/",
        transport=_Transport(
            timeout_seconds=timeout_seconds, own_server=True, drop=frozenset() if key else frozenset(("api_key",))
        ),
    )


def _google(url: str | None, key: str | None, timeout_seconds: float) -> Engine:
    return _DeepTranslator(
        "google",
        class_name="GoogleTranslator",
        max_characters=1500,
        pause_seconds=1.0,
        arguments={},
        code=_regional_code,
        url=url,
        transport=_Transport(timeout_seconds=timeout_seconds, own_server=url is not None),
    )


def _mymemory(url: str | None, key: str | None, timeout_seconds: float) -> Engine:
    return _DeepTranslator(
        "mymemory",
        class_name="MyMemoryTranslator",
        max_characters=450,
        pause_seconds=1.0,
        arguments={},
        code=_regional_code,
        url=url,
        transport=_Transport(timeout_seconds=timeout_seconds, own_server=url is not None),
    )


def _base_code(language: Language, codes: Any) -> str:
    """LibreTranslate knows only languages, among them one Chinese."""
    base = language.split("-")[0]
    if base not in codes:
        raise ValueError(language)
    return base


_REGIONAL = {"zh": "zh-CN", "zh-Hans": "zh-CN", "zh-Hant": "zh-TW", "en": "en-GB"}


def _regional_code(language: Language, codes: Any) -> str:
    """The code itself, its usual region, or the first of its regions."""
    wanted = (language, _REGIONAL.get(language, language), language.split("-")[0])
    for code in (*wanted, *sorted(code for code in codes if code.startswith(f"{wanted[2]}-"))):
        if code in codes:
            return str(code)
    raise ValueError(language)


_ENGINES: Mapping[str, Callable[[str | None, str | None, float], Engine]] = {
    "libre": _libre,
    "google": _google,
    "mymemory": _mymemory,
}
