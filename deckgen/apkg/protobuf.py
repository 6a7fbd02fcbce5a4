"""Reads protobuf messages without their schema, as far as Anki's packages need it."""

from collections.abc import Iterator


def message_fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The field numbers of a message with their values: a number for a varint, else the bytes.

    Raises ValueError for what is no message. Format: https://protobuf.dev/programming-guides/encoding/.
    """
    offset = 0
    while offset < len(data):
        tag, offset = _varint(data, offset)
        match tag & 7:
            case 0:  # varint
                number, offset = _varint(data, offset)
                yield tag >> 3, number
                continue
            case 1:  # eight bytes
                size = 8
            case 2:  # length and bytes
                size, offset = _varint(data, offset)
            case 5:  # four bytes
                size = 4
            case kind:
                raise ValueError(f"unknown wire type {kind}")
        if offset + size > len(data):
            raise ValueError("a field is longer than its message")
        yield tag >> 3, data[offset : offset + size]
        offset += size


def message(data: bytes) -> dict[int, int | bytes]:
    """The last value of each field, which is the one that counts where a field is not repeated."""
    return dict(message_fields(data))


def text(fields: dict[int, int | bytes], number: int) -> str:
    """A string field, empty by default. Raises ValueError if it is none."""
    value = fields.get(number, b"")
    if isinstance(value, int):
        raise ValueError(f"field {number} is no text")
    return value.decode()


def integer(fields: dict[int, int | bytes], number: int) -> int:
    """A signed 64-bit field, 0 by default. Raises ValueError if it is none."""
    value = fields.get(number, 0)
    if isinstance(value, bytes):
        raise ValueError(f"field {number} is no number")
    return value - (1 << 64) if value >> 63 else value


def _varint(data: bytes, offset: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 64, 7):
        if offset >= len(data):
            raise ValueError("a number is cut short")
        value |= (data[offset] & 0x7F) << shift
        offset += 1
        if data[offset - 1] < 0x80:
            return value & ((1 << 64) - 1), offset
    raise ValueError("a number has more than 64 bits")
