"""Which SVG pictures may go onto a card."""

from __future__ import annotations

import pytest

from deckgen.media.svg import UnsafeSvgError, check_svg, looks_like_svg


def svg(body: str = "", attributes: str = 'width="40" height="30"', before: str = "") -> bytes:
    return (
        f'{before}<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" {attributes}>'
        f"{body}</svg>"
    ).encode()


XHTML = 'xmlns:h="http://www.w3.org/1999/xhtml"'


@pytest.mark.parametrize(
    "body",
    [
        '<rect width="9" height="9" fill="url(#g)"/><linearGradient id="g"/>',
        "<style>.a { fill: #fff } text { font-family: sans-serif }</style><text class='a'>图</text>",
        '<use xlink:href="#a"/><g id="a"/>',
        '<image href="data:image/png;base64,iVBORw0KGgo="/>',
        '<title>C:\\path</title><text aria-label="a\\b">on</text>',
        '<a href="https://example.org"><text>x</text></a>',
    ],
)
def test_a_self_contained_picture_is_safe(body: str) -> None:
    assert check_svg(svg(body)) == (40, 30)


@pytest.mark.parametrize(
    "body",
    [
        "<script>alert(1)</script>",
        '<x:script xmlns:x="http://www.w3.org/2000/svg">1</x:script>',
        '<rect onload="alert(1)"/>',
        "<foreignObject><div/></foreignObject>",
        '<image href="https://example.org/x.png"/>',
        '<image xlink:href="file:///etc/passwd"/>',
        '<image href="data:image/svg+xml,%3Csvg/%3E"/>',
        '<use href="other.svg#a"/>',
        '<a href="java&#10;script:alert(1)"/>',
        "<style>@import 'x.css';</style>",
        "<style>@font-face { src: url(x.woff) }</style>",
        "<style>a { x: '/*'; background: url(https://example.org/x); y: '*/' }</style>",
        "<style>@\\69mport 'x.css';</style>",
        '<rect style="fill:url(https://example.org/x#a)"/>',
        '<rect fill="url(other.svg#a)"/>',
        '<a href="#a"><animate attributeName="xlink:href" to="javascript:alert(1)"/></a>',
        "<font-face/>",
        f'<h:img {XHTML} srcset="https://example.org/x 1x"/>',
        f'<h:meta {XHTML} http-equiv="refresh" content="0;url=https://example.org"/>',
        '<math xmlns="http://www.w3.org/1998/Math/MathML"/>',
        "<style>@imp<style/>ort 'https://example.org/x';</style>",
        '<a href="https://example.org" ping="https://example.org"/>',
        '<g xml:base="https://example.org/"><use href="#a"/></g>',
        "<g>" * 300 + "</g>" * 300,
        "<unclosed>",
    ],
)
def test_what_runs_or_loads_something_is_refused(body: str) -> None:
    with pytest.raises(UnsafeSvgError):
        check_svg(svg(body))


def test_entities_and_style_sheets_outside_are_refused() -> None:
    bomb = '<!DOCTYPE svg [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'
    for before in (bomb, '<?xml-stylesheet href="x.css"?>'):
        with pytest.raises(UnsafeSvgError):
            check_svg(svg("<text>x</text>", before=before))


def test_the_doctype_that_drawing_programs_write_is_no_obstacle() -> None:
    doctype = '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">'
    assert check_svg(svg(before=f'<?xml version="1.0"?>{doctype}')) == (40, 30)


@pytest.mark.parametrize(
    ("attributes", "size"),
    [
        ('width="1in" height="48px"', (96, 48)),
        ('viewBox="0 0 640 480"', (640, 480)),
        ('width="320" viewBox="0,0,640,480"', (320, 240)),
        ('width="100%" height="100%" viewBox="0 0 64 48"', (64, 48)),
        ("", (300, 150)),
        ('width="1e99" height="-3" viewBox="0 0 nan inf"', (300, 150)),
    ],
)
def test_the_size_is_what_a_browser_would_take(attributes: str, size: tuple[int, int]) -> None:
    assert check_svg(svg(attributes=attributes)) == size


def test_an_svg_is_known_by_its_bytes() -> None:
    assert looks_like_svg(svg())
    assert looks_like_svg(b"\xef\xbb\xbf<?xml version='1.0'?><!-- made by hand -->" + svg())
    assert looks_like_svg(svg().decode().encode("utf-16"))
    for other in (b"", b"<html><body><svg></svg>", b"\x89PNG\r\n\x1a\n<svg>", b"<svgx/>", b"<?xml version='1.0'?><a/>"):
        assert not looks_like_svg(other)


def nested(levels: int, times: int, how: str) -> bytes:
    """Each group refers several times to the one before it."""
    body = '<g id="g0"><rect width="9" height="9"/></g>'
    for level in range(1, levels):
        body += f'<g id="g{level}">' + how.format(level - 1) * times + "</g>"
    return svg(body + how.format(levels - 1))


@pytest.mark.parametrize("how", ['<use href="#g{}"/>', '<use xlink:href=" #g{}"/>', '<rect fill="url(#g{})"/>'])
def test_references_may_not_multiply_what_is_drawn(how: str) -> None:
    assert check_svg(nested(4, 10, how)) == (40, 30)
    with pytest.raises(UnsafeSvgError, match="times by referring"):
        check_svg(nested(12, 10, how))
    deep = "".join(f'<g id="h{level}">{how.replace("#g", "#h").format(level - 1)}</g>' for level in range(3000, 0, -1))
    with pytest.raises(UnsafeSvgError, match="nested too deeply by references"):
        check_svg(svg(deep))


def test_what_refers_to_itself_is_no_trap() -> None:
    assert check_svg(svg('<g id="a"><use href="#b"/></g><g id="b"><use href="#a"/><use href="#a"/></g>')) == (40, 30)
