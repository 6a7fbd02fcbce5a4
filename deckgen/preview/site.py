"""A build → the files of its preview: one page, its data in scripts that open from disk too, and the images."""

import base64
import hashlib
import html
import string
from collections.abc import Iterator
from pathlib import Path

import msgspec

from deckgen.build import Build
from deckgen.preview.cards import CardData, deck_cards, finding_entry, sort_findings
from deckgen.project.files import own_place, read_optional, remove_unfinished, write_atomically
from deckgen.text.packaged import packaged_table, packaged_text

CARDS_PER_FILE = 40
DATA_DIR = "data"
FILE_LIST = f"{DATA_DIR}/files.txt"


def write_preview(made: Build, folder: Path, *, public: bool = False, editor: str = "") -> tuple[str, ...]:
    """Writes the preview into ``folder``, removes what an earlier one left there, and returns the files' names.

    Files whose bytes are there already are not touched.
    """
    earlier = set((read_optional(folder / FILE_LIST) or "").splitlines())
    remove_unfinished(folder.rglob(".*"))
    files = dict(preview_files(made, public=public, editor=editor))
    for name, content in files.items():
        if not _is_there(place := own_place(folder, name), content):
            write_atomically(place, content if isinstance(content, bytes) else content.read_bytes())
    made.material.documents.memory.close()
    for name in sorted(earlier - files.keys()):
        if name.startswith((f"{DATA_DIR}/", "media/")):
            own_place(folder, name).unlink(missing_ok=True)
    return tuple(files)


def _is_there(target: Path, content: bytes | Path) -> bool:
    """An image's name says what it shows, so that its copy is known by size and time."""
    if not target.is_file():
        return False
    found = target.stat()
    if isinstance(content, bytes):
        return found.st_size == len(content) and target.read_bytes() == content
    source = content.stat()
    return found.st_size == source.st_size and found.st_mtime_ns >= source.st_mtime_ns


def preview_files(made: Build, *, public: bool = False, editor: str = "") -> Iterator[tuple[str, bytes | Path]]:
    """Every file of the preview by its name: bytes, or the path of an image.

    ``public`` leaves out what only the deck's maintainers need: findings, and where a card comes from. ``editor`` is
    the address that opens a place in a program, with ``{path}`` and ``{line}``; without one, places are copied.
    """
    by_key, general = ({}, ()) if public else sort_findings(made)
    decks = [deck_cards(stamped.deck, made, by_key, public=public) for stamped in made.decks]
    data: dict[str, bytes] = {}
    for deck in decks:
        data.update(_deck_files(deck))
    data[f"{DATA_DIR}/deck.js"] = _script(
        "setup",
        {
            "titles": dict(made.book.titles),
            "editions": [{"name": deck.name, "title": deck.title, "languages": deck.languages} for deck in decks],
            "findings": [finding_entry(found) for found in general],
            "public": public,
            "editor": "" if public else editor,
            "root": made.project.root.absolute().as_posix() if editor and not public else "",
            "version": made.version,
            "words": packaged_table("preview/page/words.toml"),
        },
    )
    for name in ("preview.css", "preview.js"):
        data[f"{DATA_DIR}/{name}"] = page_data(name).encode()
    stamp = hashlib.sha256(b"".join(data[name] for name in sorted(data))).hexdigest()[:12]
    scripts = {deck.script for deck in decks if deck.script}
    yield from sorted(data.items())
    media = {file.name: file.path for stamped in made.decks for file in stamped.deck.media}
    for name, path in sorted(media.items()):
        yield f"media/{name}", path
    yield "index.html", _page(made, decks, scripts, stamp).encode()  # when what it asks for is there
    names = ["index.html", *sorted(data), *(f"media/{name}" for name in sorted(media))]
    yield FILE_LIST, ("\n".join((*names, FILE_LIST)) + "\n").encode()


def page_data(name: str) -> str:
    """A file of the page as it is packaged."""
    return packaged_text(f"preview/page/{name}")


def _deck_files(deck: CardData) -> Iterator[tuple[str, bytes]]:
    data = {
        "languages": deck.languages,
        "categories": deck.categories,
        "css": deck.css,
        "script": deck.script,
        "perFile": CARDS_PER_FILE,
        "cards": deck.entries,
    }
    yield f"{DATA_DIR}/{deck.name}.js", _script("deck", deck.name, data)
    yield f"{DATA_DIR}/{deck.name}-text.js", _script("text", deck.name, deck.texts)
    for number, start in enumerate(range(0, len(deck.sides), CARDS_PER_FILE)):
        sides = deck.sides[start : start + CARDS_PER_FILE]
        yield f"{DATA_DIR}/{deck.name}-{number}.js", _script("cards", deck.name, number, sides)


def _script(call: str, *arguments: object) -> bytes:
    """A script that hands data to the page; unlike JSON it can be loaded from disk."""
    return b"deckgenPreview.%b(%b);\n" % (call.encode(), b", ".join(map(msgspec.json.encode, arguments)))


def _page(made: Build, decks: list[CardData], scripts: set[str], stamp: str) -> str:
    config, title = made.project.config, " · ".join(dict.fromkeys(made.book.titles.values()))
    sums = (hashlib.sha256(script.encode()).digest() for script in sorted(scripts))
    return string.Template(page_data("index.html")).substitute(
        language=html.escape(config.language),
        title=html.escape(title),
        description=html.escape(" ".join(config.descriptions.values()) or title),
        card_scripts="".join(f" 'sha256-{base64.b64encode(digest).decode()}'" for digest in sums),
        stamp=stamp,
        questions=_questions(decks[0]) if decks else "",
        about=made.decks[0].deck.description if made.decks else "",
    )


def _questions(deck: CardData) -> str:
    """The list that shows where no script runs: every question in every language of the first edition."""
    items: list[list[str]] = [[] for _ in deck.categories]
    for entry in deck.entries:
        items[entry["c"]].append(f"<li>{_in_languages(entry['t'], deck.languages)}</li>")
    heads = (_in_languages(category, deck.languages) for category in deck.categories)
    return "\n".join(f"<h2>{head}</h2>\n<ol>{''.join(inside)}</ol>" for head, inside in zip(heads, items, strict=True))


def _in_languages(texts: list[str], languages: list[str]) -> str:
    pairs = zip(languages, texts, strict=True)
    return " ".join(f'<span lang="{language}">{html.escape(text)}</span>' for language, text in pairs if text)
