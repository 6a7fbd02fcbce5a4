"""Downloads one image from a server that nobody trusts: bounded in bytes and time, resumed, never from within."""

import ipaddress
import re
import socket
import time
from contextlib import closing
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urljoin, urlsplit
from urllib.request import getproxies, proxy_bypass

import certifi
import urllib3
from msgspec import Struct

from deckgen.diagnostics import DeckgenError
from deckgen.memory.workers import within

_MOST_HOPS = 5
_CHUNK_BYTES = 1 << 16
_PAUSE_SECONDS = 10.0
"""How long a server may be silent."""
_GRACE_SECONDS = 0.5
_MOST_WORDS = 100
"""Characters of a reason, which may be the server's own."""
_UNICAST = ipaddress.IPv6Network("2000::/3")
"""All of IPv6 that is given out to the public network."""
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""Leads to the IPv4 address in its last four bytes."""
_AGENT = "deckgen (images for flash cards)"


class DownloadError(DeckgenError):
    """Why an image could not be had; what was received of it so far is kept."""


class DownloadLimits(Struct, frozen=True, kw_only=True):
    """Of one image. ``allowed`` are hosts that may have an address of a private network."""

    most_bytes: int = 20 * 2**20
    seconds: float = 60.0
    allowed: frozenset[str] = frozenset()


def download_image(url: str, partial: Path, limits: DownloadLimits) -> bytes:
    """The body behind a URL, redirects followed. DownloadError with the reason.

    ``partial`` is where an interrupted download waits, with the server's mark of it beside; the next one goes on there
    if the server still has the same. Every address is checked where the connection goes, so that no name and no
    redirect leads into a private network.
    """
    deadline = time.monotonic() + limits.seconds
    mark = partial.with_suffix(".mark")
    headers = {"User-Agent": _AGENT, "Accept": "image/*", "Accept-Encoding": "identity"}
    if partial.is_file() and mark.is_file():
        headers |= {"Range": f"bytes={partial.stat().st_size}-", "If-Range": mark.read_text(encoding="ascii")}
    try:
        within(limits.seconds + _GRACE_SECONDS, lambda: _receive(url, headers, partial, mark, limits, deadline))
    # ValueError: what a stranger calls an address or a port.
    except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        silent = isinstance(error, TimeoutError | urllib3.exceptions.TimeoutError)
        refused = isinstance(error, urllib3.exceptions.ProxyError)
        hint = "--allow HOST gives the proxy the name instead of the address, if you trust it" if refused else ""
        reason = f"the connection failed: {str(error.__cause__ or error).rpartition(': ')[2][:_MOST_WORDS]}"
        raise DownloadError("the server does not answer in time" if silent else reason, hint=hint) from error
    data = partial.read_bytes()
    partial.unlink()
    mark.unlink(missing_ok=True)
    return data


def _receive(
    url: str, headers: dict[str, str], partial: Path, mark: Path, limits: DownloadLimits, deadline: float
) -> None:
    with closing(_follow(url, headers, limits, deadline)) as response:
        if time.monotonic() > deadline:
            raise TimeoutError
        _keep(response, partial, mark, limits, deadline)


def _follow(url: str, headers: dict[str, str], limits: DownloadLimits, deadline: float) -> urllib3.BaseHTTPResponse:
    for _ in range(_MOST_HOPS + 1):
        response = _request(url, headers, limits, deadline)
        if response.status not in (301, 302, 303, 307, 308) or not (target := response.headers.get("Location")):
            return response
        response.close()
        url = urljoin(url, target)
    raise DownloadError(f"more than {_MOST_HOPS} redirects")


def _request(url: str, headers: dict[str, str], limits: DownloadLimits, deadline: float) -> urllib3.BaseHTTPResponse:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise DownloadError(f"{parts.scheme or 'nothing'}: is no http or https address")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    proxy = _proxy(parts.scheme, parts.hostname)
    address = _address(parts.hostname, port, limits.allowed, proxy=proxy, secure=parts.scheme == "https")
    left = max(0.1, min(_PAUSE_SECONDS, deadline - time.monotonic()))
    tls = {"server_hostname": parts.hostname, "assert_hostname": parts.hostname, "ca_certs": certifi.where()}
    options: dict[str, Any] = {"timeout": urllib3.Timeout(connect=left, read=left)}
    options |= tls if parts.scheme == "https" else {}
    login = unquote(urlsplit(proxy).netloc.rpartition("@")[0])
    proxy_headers = urllib3.make_headers(proxy_basic_auth=login or None)
    manager = (
        urllib3.ProxyManager(proxy, proxy_headers=proxy_headers, **options) if proxy else urllib3.PoolManager(**options)
    )
    path = quote(f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}", safe="/%?&=+,;:@!$'()*~[]")
    target = f"{parts.scheme}://{f'[{address}]' if ':' in address else address}:{port}{path}"
    headers = {**headers, "Host": parts.netloc.rpartition("@")[2]}
    return manager.urlopen("GET", target, headers=headers, retries=False, redirect=False, preload_content=False)


def _proxy(scheme: str, host: str) -> str:
    """The proxy that the environment or the system names for a host, empty where it is asked directly."""
    named = getproxies()
    proxy = "" if proxy_bypass(host) else named.get(scheme) or named.get("all") or ""
    return proxy if not proxy or "://" in proxy else f"http://{proxy}"


def _address(host: str, port: int, allowed: frozenset[str], *, proxy: str, secure: bool) -> str:
    """What to ask for: an address that was checked, so that a proxy has no name to resolve to a private one.

    A proxy is told the names of ``allowed`` hosts. Without TLS it would make a name of its own of an address.
    """
    if proxy and host in allowed:
        return host
    if proxy and not secure:
        message = f"{host} would be asked through a proxy without TLS, which could lead into a private network"
        raise DownloadError(message, hint=f"if you trust it: --allow {host}")
    return _public_address(host, port, allowed)


def _public_address(host: str, port: int, allowed: frozenset[str]) -> str:
    """The address to connect to. DownloadError where one of the host's is not of the public network."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise DownloadError(f"there is no host {host}") from None
    addresses = [str(entry[4][0]) for entry in found]
    if host not in allowed and (private := next((item for item in addresses if not _is_public(item)), "")):
        shown = host if host == private else f"{host} ({private})"
        raise DownloadError(f"{shown} is in a private network", hint=f"if you trust it: --allow {host}")
    return addresses[0]


def _is_public(address: str) -> bool:
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv4Address):
        return found.is_global and not found.is_multicast
    if found in _NAT64:
        return _is_public(str(ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)))
    return found in _UNICAST and found.is_global and (found.sixtofour is None or found.sixtofour.is_global)


def _keep(
    response: urllib3.BaseHTTPResponse, partial: Path, mark: Path, limits: DownloadLimits, deadline: float
) -> None:
    """Writes the body to ``partial``, after what is there already if the server goes on from there."""
    have = _resumed(response, partial)
    if response.status != HTTPStatus.OK and have is None:
        partial.unlink(missing_ok=True)
        raise DownloadError(f"the server answers {response.status}")
    if response.headers.get("Content-Type", "").lower().startswith("text/html"):
        raise DownloadError("it is a page, not an image")
    length = response.headers.get("Content-Length", "")
    whole = (have or 0) + int(length[:20]) if length.isdecimal() else None
    too_large = DownloadError(f"it has more than {limits.most_bytes / 2**20:.3g} MB")
    if (whole or 0) > limits.most_bytes:
        raise too_large
    tag = response.headers.get("ETag", "")
    partial.parent.mkdir(parents=True, exist_ok=True)
    mark.unlink(missing_ok=True)
    if re.fullmatch(r'"[!-~]*"', tag):
        mark.write_text(tag, encoding="ascii")
    size = have or 0
    with partial.open("ab" if have else "wb") as file:
        while data := response.read1(_CHUNK_BYTES):
            size += file.write(data)
            if size > limits.most_bytes:
                raise too_large
            if time.monotonic() > deadline:
                raise DownloadError(f"it takes more than {limits.seconds:g} seconds")
    if whole is not None and size != whole:
        raise DownloadError("the connection ended early")


def _resumed(response: urllib3.BaseHTTPResponse, partial: Path) -> int | None:
    """The bytes that are there already, where the server sends the rest; None where it does not."""
    if response.status != HTTPStatus.PARTIAL_CONTENT or not partial.is_file():
        return None
    have = partial.stat().st_size
    return have if response.headers.get("Content-Range", "").startswith(f"bytes {have}-") else None
