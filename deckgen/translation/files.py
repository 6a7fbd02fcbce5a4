"""Where the catalogs lie, one per chapter and language: their files read, and written where they changed."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from msgspec import Struct

from deckgen.diagnostics import DeckgenError, Diagnostic, diagnostic
from deckgen.model import Language, Location
from deckgen.project.files import own_path, read_file, read_optional, write_atomically
from deckgen.project.layout import LOCALE_DIR, SOURCE_DIR
from deckgen.translation.catalog import Catalog, CatalogEntry, catalog_name, format_catalog, parse_catalog
from deckgen.translation.update import CatalogId

_RENAME = "rename one of the two chapters"


def read_style(folder: Path, chapter: str) -> str:
    """The style guide of a language's ``folder`` for a chapter: ``style.md``, those of folders within, the chapter's.

    The one for ``source/a/模型.md`` is ``a/模型.style.md``. The more particular ones come last.
    """
    name = Path(catalog_name(chapter))
    places = [
        *reversed([folder / parent / "style.md" for parent in name.parents]),
        folder / name.with_suffix(".style.md"),
    ]
    texts = [(read_optional(path, inside=folder) or "").removeprefix("\ufeff").strip() for path in places]
    return "\n\n".join(text for text in texts if text)


def read_catalogs(
    folder: Path, chapters: Iterable[str], languages: Iterable[Language]
) -> tuple[dict[CatalogId, Catalog], tuple[Diagnostic, ...]]:
    """The catalogs below ``folder`` in these languages, and what is wrong with them.

    Those of chapters that are no more are read too, since their questions may live on elsewhere. A file that cannot
    be read gives no catalog, so that nothing overwrites it.
    """
    names: dict[str, str] = {}
    catalogs: dict[CatalogId, Catalog] = {}
    findings: list[Diagnostic] = []
    for chapter in sorted(chapters):
        name = catalog_name(chapter)
        if name in names and any((folder / language / name).is_file() for language in languages):
            message = f"this chapter and {names[name]} share the catalog {name}"
            findings.append(diagnostic("bad-catalog", message, Location(path=chapter), hint=_RENAME))
        names.setdefault(name, chapter)
    for language in languages:
        base = folder / language
        for file in sorted(base.rglob("*.po")):
            name = file.relative_to(base).as_posix()
            catalog, problems = _read(file, f"{LOCALE_DIR}/{language}/{name}", language, folder)
            findings += problems
            if catalog is not None:
                catalogs[names.get(name, f"{SOURCE_DIR}/{name.removesuffix('.po')}.md"), language] = catalog
        findings += _contradictions(catalog for (_, tag), catalog in catalogs.items() if tag == language)
    return catalogs, tuple(findings)


def _contradictions(catalogs: Iterable[Catalog]) -> Iterator[Diagnostic]:
    """Entries that two files have with different translations, of which only one can be the text's."""
    known: dict[tuple[str, str], tuple[CatalogEntry, str]] = {}
    for catalog in catalogs:
        for entry in catalog.entries:
            if entry.obsolete or not entry.translation:
                continue
            first, path = known.setdefault((entry.context, entry.source), (entry, catalog.path))
            if first.translation != entry.translation:
                yield diagnostic(
                    "bad-catalog",
                    f"{path}:{first.line} has this entry too, with another translation",
                    Location(path=catalog.path, line=entry.line),
                    hint="keep the better one and take out the other; the file of the question's chapter is its place",
                    excerpt=entry.source,
                )


class CatalogFile(Struct, frozen=True, kw_only=True):
    """A catalog as it is to be written; ``text`` is None where the file has nothing left to hold."""

    path: Path
    name: str
    text: str | None


def changed_files(
    folder: Path, before: Mapping[CatalogId, Catalog], after: Mapping[CatalogId, Catalog], *, project: str
) -> Iterator[CatalogFile]:
    """The files that differ from what lies on disk. DeckgenError where two chapters would share one."""
    owners: dict[Path, str] = {}
    for (chapter, language), catalog in sorted(after.items()):
        path = own_path(folder, f"{language}/{catalog_name(chapter)}")
        if (owner := owners.setdefault(path, chapter)) != chapter:
            raise DeckgenError(f"{owner} and {chapter} would share the catalog {catalog_name(chapter)}", hint=_RENAME)
        text = format_catalog(catalog, project=project) if catalog.entries else None
        if (chapter, language) not in before and path.is_file():
            raise DeckgenError(
                f"{catalog.path} cannot be read and is left alone",
                hint="mend the errors that were reported, then run this again",
            )
        old = read_optional(path, inside=folder)
        if text != old:
            yield CatalogFile(path=path, name=f"{LOCALE_DIR}/{language}/{catalog_name(chapter)}", text=text)


def write_files(files: Iterable[CatalogFile]) -> None:
    for file in files:
        if file.text is None:
            file.path.unlink(missing_ok=True)
        else:
            write_atomically(file.path, file.text.encode())


def _read(file: Path, path: str, language: Language, folder: Path) -> tuple[Catalog | None, tuple[Diagnostic, ...]]:
    try:
        data = read_file(file, inside=folder)
        text = data.decode("utf-8-sig")
    except OSError as error:
        return None, (diagnostic("bad-catalog", f"cannot be read: {error.strerror}", Location(path=path)),)
    except UnicodeDecodeError as error:
        where = Location(path=path, line=data.count(b"\n", 0, error.start) + 1)
        message = f"byte 0x{data[error.start]:02x} is not UTF-8"
        return None, (diagnostic("bad-catalog", message, where, hint="save the file as UTF-8"),)
    catalog, findings = parse_catalog(text, path=path, language=language)
    declared = dict(catalog.header).get("Language", "").replace("_", "-")
    if declared and declared.lower() != language.lower():
        message = f"this file says that its language is {declared}, and it lies in the folder of {language}"
        findings += (diagnostic("catalog-mismatch", message, Location(path=path), hint="move it, or mend its header"),)
    return None if findings and not catalog.entries else catalog, findings
