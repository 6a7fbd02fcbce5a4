"""Which file an image reference means."""

from __future__ import annotations

import base64
import posixpath
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deckgen.media.image_paths import (
    Ambiguous,
    Found,
    Missing,
    Remote,
    Resolution,
    index_images,
    resolve_image,
)

CHAPTER = "source/经典模型.md"
FILES = (
    "imgs/Lightweight DreamBooth.png",
    "imgs/基础知识/BLIP2-1.png",
    "imgs/DCC.png",
    "imgs/a/same.png",
    "imgs/b/same.png",
    "imgs/100%25#1.png",
    "images/x.png",
    "source/img/near.png",
    "source/imgs/DCC.PNG",
    "imgs/Plan.jpg",
    "docs/logo.png",
    "imgs/" + unicodedata.normalize("NFD", "Café.png"),
)


def resolve(target: str, *, files: tuple[str, ...] = FILES, chapter: str = CHAPTER) -> Resolution:
    return resolve_image(target, chapter=chapter, files=index_images(files, ("imgs",)))


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("img/near.png", "source/img/near.png"),
        ("imgs/基础知识/BLIP2-1.png", "imgs/基础知识/BLIP2-1.png"),
        ("./imgs/Lightweight DreamBooth.png", "imgs/Lightweight DreamBooth.png"),
        ("./imgs/Lightweight%20DreamBooth.png", "imgs/Lightweight DreamBooth.png"),
        ("../imgs/%E5%9F%BA%E7%A1%80%E7%9F%A5%E8%AF%86/BLIP2-1.png", "imgs/基础知识/BLIP2-1.png"),
        (r".\imgs\基础知识\BLIP2-1.png", "imgs/基础知识/BLIP2-1.png"),
        (".%5Cimg%5Cnear.png", "source/img/near.png"),
        (r"D:\书\笔记\imgs\基础知识\BLIP2-1.png", "imgs/基础知识/BLIP2-1.png"),
        ("D:%5Cbook%5Cimgs%5CPlan.jpg", "imgs/Plan.jpg"),
        ("file:///D:/book/imgs/Plan.jpg", "imgs/Plan.jpg"),
        ("/images/x.png", "images/x.png"),
        ("/imgs/Plan.jpg?raw=true#pic_center", "imgs/Plan.jpg"),
        ("imgs/100%25#1.png", "imgs/100%25#1.png"),
        ("imgs/plan.JPG", "imgs/Plan.jpg"),
        ("imgs/Café.png", FILES[-1]),
        ("/home/someone/book/imgs/Plan.jpg", "imgs/Plan.jpg"),
        ("../../../imgs/Plan.jpg", "imgs/Plan.jpg"),
        ("assets/BLIP2-1.png", "imgs/基础知识/BLIP2-1.png"),
        ("assets/blip2-1.PNG", "imgs/基础知识/BLIP2-1.png"),
        (" imgs/Plan.jpg ", "imgs/Plan.jpg"),
    ],
)
def test_every_way_to_write_a_reference_finds_its_file(target: str, path: str) -> None:
    assert resolve(target) == Found(path=path)


def test_the_chapters_folder_comes_before_the_projects() -> None:
    files = ("imgs/x.png", "source/imgs/x.png")
    assert resolve("imgs/x.png", files=files) == Found(path="source/imgs/x.png")
    assert resolve("/imgs/x.png", files=files) == Found(path="imgs/x.png")


def test_a_path_that_fits_comes_before_a_base_name() -> None:
    assert resolve("imgs/b/same.png") == Found(path="imgs/b/same.png")


def test_the_same_letters_come_before_other_case() -> None:
    assert resolve("imgs/X.png", files=("imgs/X.png", "imgs/x.png")) == Found(path="imgs/X.png")
    assert resolve("imgs/X.PNG", files=("imgs/X.png", "imgs/x.png")) == Ambiguous(
        candidates=("imgs/X.png", "imgs/x.png")
    )


def test_a_base_name_that_several_files_have_is_ambiguous() -> None:
    assert resolve("same.png") == Ambiguous(candidates=("imgs/a/same.png", "imgs/b/same.png"))


def test_a_base_name_outside_the_image_roots_is_only_suggested() -> None:
    assert resolve("logo.png") == Missing(suggestions=("docs/logo.png",))


def test_a_misspelt_name_is_answered_with_the_nearest_one() -> None:
    found = resolve("imgs/基础知识/BLIP-1.png")
    assert isinstance(found, Missing)
    assert found.suggestions[0] == "imgs/基础知识/BLIP2-1.png"


@pytest.mark.parametrize("target", ["", " ", ".", "/", "..", "../..", "#", "?", "nothing.at.all", "imgs", "%"])
def test_what_names_no_file_is_missing(target: str) -> None:
    assert isinstance(resolve(target), Missing)


@pytest.mark.parametrize("target", ["https://example.org/x.png", "HTTP://example.org/imgs/Plan.jpg", "//example.org/x"])
def test_a_picture_on_a_server_is_remote(target: str) -> None:
    assert resolve(target) == Remote(url=target)


def test_a_data_uri_holds_its_own_picture() -> None:
    assert resolve("data:image/png;base64," + base64.b64encode(b"bytes").decode()) == Found(data=b"bytes")
    assert resolve("data:image/svg+xml,%3Csvg/%3E") == Found(data=b"<svg/>")
    assert resolve("data:image/png;base64,a") == Found(data=b"")


_NAMES = st.sampled_from(("a.png", "A.png", "b c.png", "图.png", "é.png", unicodedata.normalize("NFD", "é.png")))
_FOLDERS = st.sampled_from(("", "imgs", "source", "source/imgs", "x/y/imgs", "%2e%2e"))
_PATHS = st.builds(posixpath.join, _FOLDERS, _NAMES)
_TARGETS = st.lists(
    st.one_of(_NAMES, st.sampled_from(("..", ".", "/", "\\", "imgs", "source", "%2e%2e%2f", "C:", "#f", "?q", "%5c")))
).map("/".join)


@given(target=st.one_of(st.text(), _TARGETS, _PATHS), files=st.sets(_PATHS), chapter=_PATHS)
def test_nothing_but_a_file_of_the_project_is_ever_found(target: str, files: set[str], chapter: str) -> None:
    match resolve_image(target, chapter=chapter, files=index_images(files, ("imgs",))):
        case Found(path=path):
            assert path in files
        case Ambiguous(candidates=paths):
            assert len(paths) > 1
            assert set(paths) <= files
        case Missing(suggestions=paths):
            assert target not in files
            assert set(paths) <= files


@given(files=st.sets(_PATHS, min_size=1), data=st.data())
def test_a_path_written_exactly_from_the_projects_folder_is_found(files: set[str], data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(sorted(files)))
    assert resolve_image(path, chapter="chapter.md", files=index_images(files, ("imgs",))) == Found(path=path)


def test_a_missing_picture_is_told_the_one_file_of_its_name_whose_folders_fit() -> None:
    files = index_images(["docs/a/x/1.png", "docs/b/x/1.png", "docs/c/1.png", "docs/c/2.png"], ["imgs"])
    found = resolve_image("/old/b/x/1.png", chapter="docs/chapter.md", files=files)
    assert found == Missing(suggestions=("docs/b/x/1.png",))
    assert resolve_image("2.png", chapter="chapter.md", files=files) == Missing(suggestions=("docs/c/2.png",))
