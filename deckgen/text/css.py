"""What a style sheet would load, read token by token as browsers do: the only module that imports tinycss2."""

from collections.abc import Iterator

import tinycss2

_OF_STRINGS = frozenset(("url", "src", "image", "image-set", "-webkit-image-set"))
"""Functions that take an address as a string, too."""


def loaded_addresses(css: str) -> tuple[tuple[str, str], ...]:
    """Every address in a style sheet or a ``style`` attribute, with what would load it, such as ``url``.

    An address is without the white space that browsers take out of it. Comments hide nothing that a string or another
    address only seems to open; a custom property may hand its strings to a function that loads them.
    """
    return tuple((what, "".join(address.split())) for what, address in _addresses(css))


def _addresses(css: str) -> Iterator[tuple[str, str]]:
    waiting = [("", tinycss2.parse_component_value_list(css, skip_comments=True))]
    while waiting:
        around, nodes = waiting.pop()
        taking = around
        for node in nodes:
            if node.type == "url":
                yield taking or "url", node.value
            elif node.type == "string" and taking:
                yield taking, node.value
            elif node.type == "function":
                waiting.append((node.lower_name if node.lower_name in _OF_STRINGS else taking, node.arguments))
            elif node.type.endswith(" block"):
                waiting.append(("", node.content))
            elif node.type == "at-keyword":
                taking = f"@{node.lower_value}" if node.lower_value == "import" else ""
            elif node.type == "ident" and node.value.startswith("--"):
                taking = node.value
            elif node == ";":
                taking = around
