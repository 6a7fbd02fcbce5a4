"""Blanks in a SQLite file what tells which SQLite wrote it: the header's version and the unused bytes of its pages.

SQLite 3.40 leaves traces of moved cells between the cells of a page where 3.50 leaves zeros, even with
``PRAGMA secure_delete``. Format: https://www.sqlite.org/fileformat2.html.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

_HEADER_BYTES = 100
_VERSION_NUMBER = 3_040_000
_INTERIOR_INDEX, _INTERIOR_TABLE = 2, 5


def blank_traces(data: bytearray, root_pages: Iterable[int]) -> None:
    """Blanks them in a file's bytes; ``root_pages`` are those of its tables and indexes, from ``sqlite_master``."""
    page_bytes = _number(data, 16, 2)
    for page in _tree_pages(data, page_bytes, [1, *root_pages]):
        _blank_unused(data, page, page_bytes)
    # Both counters must agree, or SQLite distrusts the size that the header gives.
    data[24:28] = data[92:96] = (1).to_bytes(4, "big")
    data[96:100] = _VERSION_NUMBER.to_bytes(4, "big")


def _tree_pages(data: bytearray, page_bytes: int, roots: Iterable[int]) -> Iterator[int]:
    """The offset of every page that holds cells; overflow pages hold content from their start and have no gaps."""
    waiting = list(roots)
    while waiting:
        page = (waiting.pop() - 1) * page_bytes
        yield page
        header = _page_header(page)
        if data[header] in (_INTERIOR_INDEX, _INTERIOR_TABLE):
            cells = range(header + 12, header + 12 + 2 * _number(data, header + 3, 2), 2)
            waiting += [_number(data, page + _number(data, cell, 2), 4) for cell in cells]
            waiting.append(_number(data, header + 8, 4))


def _blank_unused(data: bytearray, page: int, page_bytes: int) -> None:
    """Zeroes the gap between a page's cell pointers and its cells, and the insides of its free blocks."""
    header = _page_header(page)
    pointers = header + (12 if data[header] in (_INTERIOR_INDEX, _INTERIOR_TABLE) else 8)
    gap = pointers + 2 * _number(data, header + 3, 2)
    content = page + (_number(data, header + 5, 2) or page_bytes)
    data[gap:content] = bytes(content - gap)
    block = _number(data, header + 1, 2)
    while block:
        size = _number(data, page + block + 2, 2)
        data[page + block + 4 : page + block + size] = bytes(size - 4)
        block = _number(data, page + block, 2)


def _page_header(page: int) -> int:
    """The first page begins with the file's header."""
    return page or _HEADER_BYTES


def _number(data: bytearray, offset: int, size: int) -> int:
    return int.from_bytes(data[offset : offset + size], "big")
