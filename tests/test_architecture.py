"""What the folder listing promises: who may import which library, and that the map in ARCHITECTURE.md is complete."""

from __future__ import annotations

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "deckgen"
OWNERS = {
    "PIL": {"media.images"},
    "anki": {"releases.verify"},
    "click": {"cli"},
    "comrak": {"markdown.gfm"},
    "deep_translator": {"translation.drafts.machines"},
    "certifi": {"media.download"},
    "deflate": {"apkg"},
    "genanki": {"apkg"},
    "lxml": {"markdown", "render"},
    "markdown": {"markdown.python_markdown"},
    "math_core": {"preview.formulas"},
    "msgspec": {
        *(
            "apkg.database",
            "identity.lock",
            "media.image_paths",
            "memory.store",
            "output.manifest",
            "project.config",
            "publish.ankiconnect",
            "project.journal",
            "translation.drafts",
        ),
        "preview.site",
        "releases.records",
    },
    "nh3": {"markdown.sanitize"},
    "playwright": {"releases.verify.browser"},
    "tinycss2": {"text.css"},
    "opencc": {"translation.drafts.conversion"},
    "polib": {"translation.catalog"},
    "pygments": {"markdown.highlight"},
    "rapidfuzz": {"text.similarity"},
    "requests": {"translation.drafts.transport"},
    "rich": {"cli.report"},
    "slugify": {"text.slugs"},
    "urllib3": {"media.download"},
    "watchfiles": {"memory.watching"},
}
"""Third-party library → the only modules, or packages, that may import it; of msgspec, more than what makes values."""
VALUES = frozenset(("msgspec.Struct", "msgspec.field", "msgspec.structs"))


FILES = (
    "adoption apkg media memory output preview project.files project.journal project.reading publish releases review "
    "text.packaged translation.drafts translation.files"
).split()
"""The only modules, or packages, that touch files; and below, those that ask the clock. CONTRIBUTING.md names them."""
CLOCK = "cli media memory.receipt project.files releases.verify translation.drafts".split()
_TOUCHES = frozenset(
    "open read_text read_bytes write_text write_bytes touch copyfile copytree rmtree unlink mkdtemp scandir".split()
)
_CLOCKS = frozenset(("time.time", "time.monotonic", "datetime.now", "date.today"))


def _imports() -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for path in sorted(PACKAGE.rglob("*.py")):
        module = ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names: list[str] = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [f"{node.module}.{alias.name}" for alias in node.names]
                if isinstance(node, ast.ImportFrom) and not node.level
                else []
            )
            for name in names:
                if not any(f"{name}.".startswith(f"{value}.") for value in VALUES):
                    found[name.split(".")[0]].add(module)
    return {name: modules for name, modules in found.items() if name not in sys.stdlib_module_names | {"deckgen"}}


@pytest.mark.parametrize(
    ("library", "modules"), sorted(_imports().items()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_each_library_is_imported_where_the_table_says(library: str, modules: set[str]) -> None:
    assert library in OWNERS, f"{library} needs a line in the table: {sorted(modules)}"
    strangers = {
        module
        for module in modules
        if not any(module == own or module.startswith(f"{own}.") for own in OWNERS[library])
    }
    assert not strangers


def _calls() -> Iterator[tuple[str, str]]:
    """Each module of the package with what it calls: ``read_text``, ``time.time``."""
    for path in sorted(PACKAGE.rglob("*.py")):
        module = ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func).rsplit(".", 2)
                yield from ((module, ".".join(called[-count:])) for count in (1, 2))


@pytest.mark.parametrize(
    ("owners", "what"), [(FILES, _TOUCHES), (CLOCK, _CLOCKS)], ids=["files are touched", "the clock is asked"]
)
def test_files_and_clock_are_touched_where_the_tables_say(owners: list[str], what: frozenset[str]) -> None:
    touching = {module for module, called in _calls() if called in what}
    own = {owner: {module for module in touching if f"{module}.".startswith(f"{owner}.")} for owner in owners}
    assert touching == set().union(*own.values())
    assert all(own.values()), "nothing but what touches them stands in the table"
    text = (PACKAGE.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert not [owner for owner in owners if f"`{owner.split('.')[0]}`" not in text]


def test_the_map_names_every_module() -> None:
    text = (PACKAGE.parent / "ARCHITECTURE.md").read_text(encoding="utf-8")
    names = [path.name for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()]
    missing = [name for name in names if not name.startswith("__") and name not in text]
    assert not missing
    assert len(text.splitlines()) <= 150


def test_no_pattern_repeats_a_group_possessively() -> None:
    """Python before 3.11.5 matches such patterns wrongly (gh-106052); of single characters they are right."""
    for path in sorted(PACKAGE.rglob("*.py")):
        assert not re.search(r"(?<!\\)\)(?:\*|\+|\?)\+", path.read_text(encoding="utf-8")), path


def test_a_name_means_one_thing() -> None:
    """No public class or type of two modules has one name, and no function that of its module, commands apart."""
    types: dict[str, list[str]] = defaultdict(list)
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef):
                assert node.name != path.stem or path.parent.name == "cli", path
            is_alias = isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
            name = node.name if isinstance(node, ast.ClassDef) else node.targets[0].id if is_alias else ""
            if name[:1].isupper() and not name.isupper():
                types[name].append(path.relative_to(PACKAGE).as_posix())
    assert not {name: paths for name, paths in types.items() if len(paths) > 1}
