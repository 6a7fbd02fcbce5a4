"""The comments that speak to deckgen: ``<!-- deckgen: id=KEY -->`` and ``<!-- deckgen: ignore[rule] -->``."""

import re
from collections.abc import Container, Iterator, Sequence

from msgspec import Struct

from deckgen.diagnostics import RULES, Diagnostic, diagnostic
from deckgen.markdown.inline import mask_code
from deckgen.markdown.lines import Kind
from deckgen.model import Key, Location, is_key

_OPENING = re.compile(r"<!--\s*deckgen\s*[:：]")
_ID = re.compile(r"id\s*=\s*(\S+)")
_IGNORE = re.compile(r"ignore\s*\[([^\[\]]*)\]")


class Directive(Struct, frozen=True, kw_only=True):
    """A comment to deckgen; ``key`` or ``rules`` holds what it says, neither where it cannot be understood."""

    location: Location
    text: str
    key: Key | None = None
    rules: tuple[str, ...] = ()


def find_directives(lines: Sequence[str], kinds: Sequence[Kind], path: str) -> Iterator[Directive]:
    """Every comment to deckgen outside code, in order. One comment is one line."""
    for index, line in enumerate(lines):
        if "deckgen" not in line or kinds[index] not in (Kind.TEXT, Kind.COMMENT):
            continue
        masked = mask_code(line)
        for opening in _OPENING.finditer(masked):
            end = masked.find("-->", opening.end())
            if end < 0:
                break
            location = Location(
                path=path, line=index + 1, column=opening.start() + 1, end_line=index + 1, end_column=end + 3
            )
            yield _directive(masked[opening.end() : end].strip(), location)


def directive_findings(directives: Sequence[Directive], used: Container[int]) -> Iterator[Diagnostic]:
    """What is wrong with them; ``used`` are the lines of the ids that belong to a question."""
    for directive in directives:
        problem = ""
        if directive.key is None and not directive.rules:
            problem = f"“{directive.text}” says nothing that deckgen understands"
        elif directive.key is not None and not is_key(directive.key):
            problem = f"“{directive.key}” cannot be a key: 2 to 32 small letters, digits and hyphens"
        elif directive.key is not None and directive.location.line not in used:
            problem = f"the id “{directive.key}” stands beside no question"
        elif unknown := [rule for rule in directive.rules if rule not in RULES]:
            problem = f"there is no rule “{unknown[0]}”"
        if problem:
            yield diagnostic(
                "bad-directive",
                problem,
                directive.location,
                hint="write <!-- deckgen: id=KEY --> at a heading or <!-- deckgen: ignore[rule] --> above a block",
            )


def _directive(text: str, location: Location) -> Directive:
    if found := _ID.fullmatch(text):
        return Directive(location=location, text=text, key=Key(found[1]))
    found = _IGNORE.fullmatch(text)
    rules = (rule.strip() for rule in re.split(r"[,，]", found[1])) if found else ()
    return Directive(location=location, text=text, rules=tuple(filter(None, rules)))
