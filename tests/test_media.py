"""From image references to the pictures on the cards, with real pictures of every awkward kind."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import json
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageCms, ImageDraw, ImageFilter, ImageFont
from projects import REPOSITORY

from deckgen.diagnostics import Diagnostic
from deckgen.media import BrokenImageError, EncodedImage, read_media
from deckgen.media.images import encode_image
from deckgen.media.images.colours import find_palettes, with_palette
from deckgen.media.images.diagram import is_svg_diagram
from deckgen.media.images.quality import DRAWING, Meter
from deckgen.media.images.reading import MAX_WIDTH_PX
from deckgen.model import ImageReference, Location, MediaFile
from deckgen.project import Profile
from deckgen.project.config import Config, ImageSettings
from deckgen.project.reading import Project


def saved(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    target = io.BytesIO()
    image.save(target, kind, **options)
    return target.getvalue()


def drawing(width: int = 1800, height: int = 1200) -> Image.Image:
    """Boxes in pastel fills, lines and text in several sizes and colours, antialiased."""
    image = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(image)
    margin = min(40, width // 10)
    fills = ("#f6f8fa", "#eef4ff", "#fff4e5", "#e8f5e9", "#fdecea")
    for number, fill in enumerate(fills):
        top = margin // 2 + number * (height - margin) // len(fills)
        draw.rounded_rectangle((margin, top, width - margin, top + height // 7), 8, fill=fill, outline="#345", width=3)
        for column, colour in enumerate(("#111111", "#c00000", "#0000d0", "#345678")):
            font = ImageFont.load_default(size=14 + 8 * column)
            draw.text((60 + column * width // 4, top + 30), f"Attention Q·K {number}{column}", fill=colour, font=font)
        draw.line((margin, top, width - margin, top + height // 7), fill="#c00000", width=2)
    return image


def photograph(width: int = 1400, height: int = 900) -> Image.Image:
    """Soft shapes in many colours with grain."""
    source = random.Random(7)
    small = Image.frombytes("RGB", (24, 16), bytes(source.randrange(256) for _ in range(24 * 16 * 3)))
    soft = small.resize((width, height), Image.Resampling.BICUBIC).filter(ImageFilter.GaussianBlur(4))
    grain = Image.frombytes("L", (256, 256), source.randbytes(65536)).resize((width, height), Image.Resampling.BICUBIC)
    return Image.blend(soft, grain.convert("RGB"), 0.12)


def shown(result: EncodedImage) -> Image.Image:
    image = Image.open(io.BytesIO(result.data))
    image.load()
    assert image.size == (result.width_px, result.height_px)
    return image


def encode(source: bytes, profile: Profile = Profile.MOBILE) -> EncodedImage:
    return encode_image(source, profile)


def colour_at(image: Image.Image, x: int, y: int) -> tuple[int, ...]:
    value = image.convert("RGB").getpixel((x, y))
    assert isinstance(value, tuple)
    return tuple(int(part) for part in value)


def close(one: tuple[int, ...], other: tuple[int, ...], by: int = 8) -> bool:
    return all(abs(a - b) <= by for a, b in zip(one, other, strict=True))


# --- sizes and quality ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", list(Profile))
@pytest.mark.parametrize("width", [60, 1079, 1500, 2400])
def test_a_picture_has_at_most_the_profiles_width_and_is_never_enlarged(profile: Profile, width: int) -> None:
    result = encode(saved(drawing(width, 400)), profile)
    assert shown(result).width == min(width, MAX_WIDTH_PX[profile])
    assert abs(result.height_px - 400 * result.width_px / width) < 1


def blurred(exact: Image.Image, encoded: Image.Image) -> tuple[float, float]:
    """Shares of the pixels that are off by more than 16 and by more than 32 in any channel."""
    red, green, blue = ImageChops.difference(exact, encoded.convert("RGB")).split()
    errors = ImageChops.lighter(ImageChops.lighter(red, green), blue).histogram()
    return sum(errors[17:]) / sum(errors), sum(errors[33:]) / sum(errors)


@pytest.mark.parametrize("width", [1080, 1800])
def test_text_and_lines_stay_crisp(width: int) -> None:
    source = drawing(width, 1200)
    exact = source.resize((1080, round(1200 * 1080 / width)), Image.Resampling.LANCZOS)
    slightly, clearly = blurred(exact, shown(encode(saved(source))))
    assert slightly < 0.003
    assert clearly < 0.0002


def test_lossy_compression_would_not_be_crisp() -> None:
    exact = drawing().resize((1080, 720), Image.Resampling.LANCZOS)
    for quality in (80, 95):
        lossy = Image.open(io.BytesIO(saved(exact, "WEBP", quality=quality)))
        slightly, clearly = blurred(exact, lossy)
        assert slightly > 0.01
        assert clearly > 0.005
        assert not Meter(exact).measure(lossy).within(DRAWING)


def test_pale_fills_stay_apart_and_white_stays_white() -> None:
    result = shown(encode(saved(drawing())))
    assert colour_at(result, 5, 5) == (255, 255, 255)
    assert close(colour_at(result, 600, 25), (0xF6, 0xF8, 0xFA), by=2)


def test_a_drawing_is_smaller_than_its_source_and_without_loss_around_edges() -> None:
    source = saved(drawing())
    result = encode(source)
    assert len(result.data) < len(source)
    assert b"VP8L" in result.data[:32]


def test_a_photograph_is_compressed_as_one() -> None:
    source = saved(photograph())
    result = encode(source)
    assert b"VP8 " in result.data[:32]
    assert len(result.data) < len(source) / 4


@pytest.mark.parametrize("quality", [20, 45, 70, 92])
def test_a_photograph_that_needs_no_resizing_never_grows(quality: int) -> None:
    source = saved(photograph(900, 600), "JPEG", quality=quality)
    assert len(encode(source).data) <= len(source)


def test_a_fill_keeps_its_colour_beside_blends_that_are_close_to_it() -> None:
    """Pillow finds the nearest colour for a whole cell of 4 × 4 × 4 colours at a time, by the cell's corner."""
    exact = Image.new("RGB", (400, 400), (243, 243, 243))
    exact.paste((239, 240, 235), (10, 10, 20, 16))
    for palette in find_palettes(exact, (256, 128)):
        assert colour_at(with_palette(exact, palette), 399, 1) == (243, 243, 243)


def test_what_is_no_drawing_is_never_put_into_few_colours_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []

    def counting(picture: Image.Image, palette: Image.Image) -> Image.Image:
        sizes.append(picture.width * picture.height)
        return with_palette(picture, palette)

    monkeypatch.setattr("deckgen.media.images.with_palette", counting)
    encode(saved(photograph()))
    assert sizes
    assert max(sizes) <= 251_000
    sizes.clear()
    encode(saved(drawing()))
    assert sorted(size > 251_000 for size in sizes) == [False, False, True]


def test_a_smooth_gradient_gets_no_bands() -> None:
    gradient = Image.linear_gradient("L").resize((900, 900), Image.Resampling.BICUBIC)
    source = Image.merge("RGB", (gradient, gradient.rotate(90), gradient.rotate(180)))
    error = ImageChops.difference(source, shown(encode(saved(source))).convert("RGB"))
    assert sum(error.convert("L").histogram()[: DRAWING.area_999 + 1]) >= 0.99 * 900 * 900


def test_a_very_tall_and_a_very_wide_picture_fit() -> None:
    tall = encode(saved(Image.new("RGB", (30, 20000), "#123456")), Profile.ORIGINAL)
    assert shown(encode(saved(drawing(300, 3000)))).size == (300, 3000)
    assert tall.height_px <= 20000
    assert encode(saved(Image.new("RGB", (30, 20000), "#123456"))).height_px == 16383
    assert encode(saved(Image.new("RGB", (20000, 3), "#123456"))).height_px == 1


# --- every awkward kind -----------------------------------------------------------------------------------------------


def test_the_type_comes_from_the_bytes() -> None:
    kept = encode(saved(drawing(200, 100), "WEBP", quality=50), Profile.ORIGINAL)
    assert kept.suffix == "webp"


def test_a_cmyk_picture_has_its_colours() -> None:
    source = Image.new("CMYK", (1200, 100), (0, 255, 255, 0))
    assert close(colour_at(shown(encode(saved(source, "JPEG", quality=95))), 50, 50), (255, 0, 0))


def test_sixteen_bits_are_scaled_and_not_cut_off() -> None:
    ramp = Image.new("I;16", (256, 16))
    for x in range(256):
        ramp.paste(x * 257, (x, 0, x + 1, 16))
    for kind in ("PNG", "TIFF"):
        result = shown(encode(saved(ramp.resize((512, 64), Image.Resampling.NEAREST), kind)))
        for x in (0, 100, 256, 511):
            assert close(colour_at(result, x, 30), (x // 2,) * 3, by=9)


def test_sixteen_bits_with_a_transparent_value_are_shown() -> None:
    grey = Image.new("I;16", (1200, 90), 30000)
    assert close(colour_at(shown(encode(saved(grey, transparency=12))), 9, 9), (117, 117, 117))


def test_thirty_two_bits_are_scaled() -> None:
    image = Image.new("F", (100, 100), 0.5)
    image.paste(1.0, (50, 0, 100, 100))
    image.paste(0.0, (0, 0, 10, 100))
    result = shown(encode(saved(image, "TIFF")))
    assert close(colour_at(result, 30, 50), (128, 128, 128))
    assert close(colour_at(result, 80, 50), (255, 255, 255))


def test_what_is_transparent_stays_so() -> None:
    base = Image.new("RGBA", (1400, 300), (0, 0, 0, 0))
    ImageDraw.Draw(base).ellipse((100, 50, 700, 250), fill=(200, 30, 30, 255))
    palette = base.quantize(16)
    key = Image.new("RGB", (1400, 300), "#00ff00")
    for source in (saved(base), saved(palette), saved(key, transparency=(0, 255, 0))):
        result = shown(encode(source)).convert("RGBA")
        assert result.getpixel((5, 5))[3] == 0  # type: ignore[index]
    assert close(colour_at(shown(encode(saved(palette))), 300, 110), (200, 30, 30))


def test_an_opaque_alpha_channel_is_dropped() -> None:
    assert shown(encode(saved(drawing().convert("RGBA")))).mode == "RGB"


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_photograph_stands_upright(orientation: int) -> None:
    upright = Image.new("RGB", (300, 200), "blue")
    upright.paste((255, 0, 0), (0, 0, 150, 100))
    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = upright.transpose(turns[orientation]) if orientation in turns else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    source = saved(stored, "JPEG", quality=95, exif=exif)
    for profile in Profile:
        result = shown(encode(source, profile))
        assert result.size == (300, 200)
        assert close(colour_at(result, 40, 40), (255, 0, 0), by=40)
        assert close(colour_at(result, 250, 40), (0, 0, 255), by=40)


def test_nothing_but_the_picture_is_kept() -> None:
    exif = Image.Exif()
    exif[0x010F] = "CameraMaker"
    source = saved(drawing(900, 300), "JPEG", exif=exif, comment=b"a private remark")
    assert b"CameraMaker" not in encode(source).data
    assert b"private" not in encode(source).data


def swapped_profile() -> bytes:
    """An ICC profile like sRGB, with red and blue exchanged and another name."""
    data = bytearray(
        ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes().replace(b"\0s\0R\0G", b"\0x\0x\0x")
    )
    tags = [128 + 4 + 12 * number for number in range(int.from_bytes(data[128:132]))]
    for at in tags:
        for name, other in ((b"rXYZ", b"bXYZ"), (b"bXYZ", b"rXYZ")):
            if data[at : at + 4] == name:
                data[at : at + 4] = other
                break
    return bytes(data)


def test_a_colour_profile_is_applied() -> None:
    red = Image.new("RGB", (600, 400), (250, 10, 10))
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for profile, expected in ((srgb, (250, 10, 10)), (b"broken", (250, 10, 10)), (swapped_profile(), (10, 10, 250))):
        for image in (red, red.quantize(4)):
            source = saved(image, icc_profile=profile)
            assert close(colour_at(shown(encode(source)), 9, 9), expected, by=4)


@pytest.mark.parametrize("kind", ["BMP", "TIFF", "PPM", "TGA", "AVIF"])
def test_rarer_kinds_are_converted(kind: str) -> None:
    result = encode(saved(drawing(400, 200), kind), Profile.ORIGINAL)
    assert result.suffix == "webp"
    assert close(colour_at(shown(result), 3, 3), (255, 255, 255))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16", "I", "F", "CMYK", "YCbCr", "LAB"])
def test_every_mode_becomes_a_picture(mode: str) -> None:
    kind = "PNG" if mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16") else "TIFF"
    image = Image.new(mode, (1200, 40)) if mode in ("I;16", "I", "F", "LAB") else drawing(1200, 40).convert(mode)
    assert shown(encode(saved(image, kind))).size == (1080, 36)


def frames(count: int = 3, size: tuple[int, int] = (1200, 80)) -> list[Image.Image]:
    return [Image.new("RGB", size, (40 * number, 200, 90)) for number in range(count)]


@pytest.mark.parametrize(("kind", "suffix"), [("GIF", "gif"), ("PNG", "png")])
def test_an_animation_that_anki_plays_is_kept(kind: str, suffix: str) -> None:
    source = saved(frames()[0], kind, save_all=True, append_images=frames()[1:], duration=90)
    result = encode(source)
    assert (result.data, result.suffix, result.remark) == (source, suffix, "")


def test_an_animated_webp_becomes_a_gif() -> None:
    source = saved(frames()[0], "WEBP", save_all=True, append_images=frames()[1:], duration=90)
    result = encode(source)
    moving = Image.open(io.BytesIO(result.data))
    assert (result.suffix, result.width_px, moving.n_frames) == ("gif", 1080, 3)  # type: ignore[attr-defined]


def test_too_large_an_animation_shows_its_first_picture_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deckgen.media.images.MAX_ANIMATION_BYTES", 10)
    result = encode(saved(frames()[0], "GIF", save_all=True, append_images=frames()[1:], duration=90))
    assert result.suffix == "webp"
    assert "first frame" in result.remark


def test_a_safe_svg_is_kept_and_an_unsafe_one_refused() -> None:
    source = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 600"><rect width="9" height="9"/></svg>'
    result = encode(source)
    assert (result.data, result.suffix, result.width_px) == (source, "svg", 800)
    with pytest.raises(BrokenImageError, match="holds <script>"):
        encode(source.replace(b"<rect", b"<script/><rect"))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_the_original_profile_keeps_what_every_anki_shows(kind: str) -> None:
    source = saved(drawing(2400, 900), kind)
    assert encode(source, Profile.ORIGINAL).data == source


def test_a_small_plain_picture_is_kept() -> None:
    source = saved(Image.new("RGB", (90, 90), "red"))
    assert encode(source) == EncodedImage(data=source, suffix="png", width_px=90, height_px=90)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP"])
@pytest.mark.parametrize("profile", list(Profile))
def test_a_picture_cut_off_anywhere_is_broken_or_whole(kind: str, profile: Profile) -> None:
    source = saved(drawing(300, 200), kind)
    for share in (0.05, 0.4, 0.7):
        with pytest.raises(BrokenImageError):
            encode(source[: int(len(source) * share)], profile)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (b"", "0 bytes"),
        (b"not a picture", "cannot be read"),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "cannot be read"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git LFS"),
        (b"<!DOCTYPE html><html></html>", "web page"),
        (b"\0\0\0\x18ftypheic" + bytes(40), "HEIC"),
        (b"%PDF-1.7", "PDF"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "cannot be read"),
    ],
)
def test_what_is_no_picture_is_named_for_what_it_is(source: bytes, message: str) -> None:
    with pytest.raises(BrokenImageError, match=message) as raised:
        encode(source)
    assert raised.value.hint


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_decompression_bomb_is_not_decoded() -> None:
    bomb = saved(Image.new("1", (12000, 9000)))
    assert len(bomb) < 50_000
    for profile in Profile:
        with pytest.raises(BrokenImageError, match="million pixels"):
            encode(bomb, profile)
        with pytest.raises(BrokenImageError, match="200,000 pixels on a side"):
            encode(saved(Image.new("1", (1, 200_001))), profile)


def test_damaged_bytes_never_raise_anything_else() -> None:
    source = random.Random(3)
    for kind in ("PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP", "AVIF", "TGA"):
        whole = saved(drawing(64, 64), kind)
        for _ in range(40):
            damaged = bytearray(whole)
            for _ in range(source.randrange(1, 12)):
                damaged[source.randrange(len(damaged))] = source.randrange(256)
            with contextlib.suppress(BrokenImageError):
                encode(bytes(damaged))


# --- references, names, the cache -------------------------------------------------------------------------------------


def project_of(root: Path, *files: str, budget_kb: int = 500) -> Project:
    config = Config(images=ImageSettings(budget_kb=budget_kb))
    return Project(root=root, config=config, sources=(), files=frozenset(files), lock_text=None, notes_text=None)


def read(
    root: Path,
    targets: Iterable[str],
    *,
    profile: Profile = Profile.MOBILE,
    jobs: int = 1,
    budget_kb: int = 500,
) -> tuple[dict[str, MediaFile], tuple[Diagnostic, ...]]:
    references = [
        (ImageReference(chapter="source/章.md", target=target), Location(path="source/章.md", line=line))
        for line, target in enumerate(targets, 10)
    ]
    files = (path.relative_to(root).as_posix() for path in root.glob("imgs/**/*") if path.is_file())
    images, findings = read_media(references, project_of(root, *files, budget_kb=budget_kb), profile=profile, jobs=jobs)
    return {reference.target: file for reference, file in images.items()}, findings


@pytest.fixture
def book(tmp_path: Path) -> Path:
    (tmp_path / "imgs" / "图").mkdir(parents=True)
    (tmp_path / "imgs" / "one.png").write_bytes(saved(drawing()))
    (tmp_path / "imgs" / "图" / "two.png").write_bytes(saved(drawing(1300, 500)))
    (tmp_path / "imgs" / "copy of one.jpg").write_bytes(saved(drawing()))
    (tmp_path / "imgs" / "empty.png").write_bytes(b"")
    return tmp_path


TARGETS = ("imgs/one.png", "../imgs/%E5%9B%BE/two.png", "imgs/copy of one.jpg", "imgs/图/two.png")


def test_a_media_name_is_ascii_and_tells_recipe_source_and_profile(book: Path) -> None:
    for profile in Profile:
        images, _ = read(book, TARGETS, profile=profile)
        for file in images.values():
            assert re.fullmatch(rf"dg-[0-9a-f]{{20}}-{profile[0]}\.(webp|png)", file.name)
            assert file.identity == file.name[3:23]
            assert file.path.stat().st_size == file.size_bytes


def test_the_identity_is_the_same_in_every_profile(book: Path) -> None:
    identities = [read(book, TARGETS, profile=profile)[0]["imgs/one.png"].identity for profile in Profile]
    assert len(set(identities)) == 1


def test_the_same_bytes_are_one_media_file(book: Path) -> None:
    images, findings = read(book, TARGETS)
    assert findings == ()
    assert images["imgs/one.png"] == images["imgs/copy of one.jpg"]
    assert images["imgs/one.png"].source == "imgs/copy of one.jpg"
    assert images[TARGETS[1]] == images[TARGETS[3]]
    assert len({file.name for file in images.values()}) == 2


def test_the_result_depends_on_neither_threads_nor_order_nor_cache(book: Path) -> None:
    first, _ = read(book, TARGETS)
    whole = {name: file.path.read_bytes() for name, file in first.items()}
    for targets, jobs in ((TARGETS, 4), (tuple(reversed(TARGETS)), 2), (TARGETS, 1)):
        shutil.rmtree(book / ".cache")
        again, _ = read(book, targets, jobs=jobs)
        assert {name: file.path.read_bytes() for name, file in again.items()} == whole
        assert {name: file.name for name, file in again.items()} == {name: file.name for name, file in first.items()}


def test_a_kept_picture_is_not_encoded_again(book: Path) -> None:
    first, _ = read(book, TARGETS)
    before = {path: path.stat().st_mtime_ns for path in (book / ".cache").rglob("*.*")}
    assert read(book, TARGETS) == (first, ())
    assert {path: path.stat().st_mtime_ns for path in (book / ".cache").rglob("*.*")} == before


def test_a_damaged_cache_is_mended(book: Path) -> None:
    first, _ = read(book, TARGETS)
    whole = first["imgs/one.png"].path.read_bytes()
    first["imgs/one.png"].path.write_bytes(b"half")
    for record in (book / ".cache").rglob("*.json"):
        if record.stem != first["imgs/one.png"].path.stem:
            record.write_text("{}", encoding="utf-8")
    assert read(book, TARGETS)[0] == first
    assert first["imgs/one.png"].path.read_bytes() == whole


def test_a_picture_that_came_with_a_strangers_repository_is_made_anew(book: Path) -> None:
    """Whoever knows the code can name an entry and count its sums, but has not this machine's secret."""
    first, _ = read(book, TARGETS)
    kept = first["imgs/one.png"].path
    whole, record = kept.read_bytes(), kept.with_suffix(".json")
    values = json.loads(record.read_text(encoding="utf-8"))
    kept.write_bytes(b"another picture")
    for forged in ({**values, "seal": hashlib.blake2b(b"another picture", digest_size=16).hexdigest()}, values):
        record.write_text(json.dumps(forged), encoding="utf-8")
        assert read(book, TARGETS)[0] == first
        assert kept.read_bytes() == whole
        kept.write_bytes(b"another picture")


def test_every_finding_names_its_place_and_a_way_to_mend_it(book: Path) -> None:
    targets = ("imgs/onne.png", "imgs/empty.png", "https://example.org/x.png", "two.png", "", "imgs/one.png")
    (book / "imgs" / "two.png").write_bytes(b"x")
    images, findings = read(book, targets)
    assert set(images) == {"imgs/one.png"}
    assert [(found.rule, found.location.line) for found in findings if found.location] == [
        ("missing-image", 10),
        ("broken-image", 11),
        ("remote-image", 12),
        ("ambiguous-image", 13),
        ("missing-image", 14),
    ]
    assert "did you mean imgs/one.png" in findings[0].hint
    assert "imgs/empty.png is empty (0 bytes)" in findings[1].message
    assert all(found.hint for found in findings)


def test_a_finding_is_told_at_every_place_once(book: Path) -> None:
    reference = ImageReference(chapter="source/章.md", target="imgs/empty.png")
    places = [Location(path="source/章.md", line=line) for line in (9, 4, 9)]
    _, findings = read_media(
        [(reference, place) for place in places], project_of(book, "imgs/empty.png"), profile=Profile.MOBILE
    )
    assert [found.location.line for found in findings if found.location] == [4, 9]


def test_a_picture_over_budget_is_shown_and_reported(book: Path) -> None:
    images, findings = read(book, TARGETS[:1], budget_kb=1)
    assert [found.rule for found in findings] == ["image-over-budget"]
    assert set(images) == {"imgs/one.png"}


def test_a_file_that_vanished_is_reported(book: Path) -> None:
    _, findings = read_media(
        [(ImageReference(chapter="a.md", target="imgs/gone.png"), Location(path="a.md", line=3))],
        project_of(book, "imgs/gone.png"),
        profile=Profile.MOBILE,
    )
    assert [found.rule for found in findings] == ["broken-image"]
    assert "cannot be read" in findings[0].message


def test_a_picture_inside_its_reference_is_shown(book: Path) -> None:
    target = "data:image/png;base64," + base64.b64encode(saved(drawing(300, 200))).decode()
    images, findings = read(book, (target, "data:image/png;base64,AAAA"))
    assert images[target].width_px == 300
    assert [found.rule for found in findings] == ["broken-image"]
    assert len(findings[0].message) < 200


def test_progress_counts_every_picture(book: Path) -> None:
    seen: list[tuple[int, int]] = []
    read_media(
        [(ImageReference(chapter="source/章.md", target=target), Location(path="source/章.md")) for target in TARGETS],
        project_of(book, "imgs/one.png", "imgs/copy of one.jpg", "imgs/图/two.png"),
        profile=Profile.MOBILE,
        jobs=2,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert seen == [(1, 3), (2, 3), (3, 3)]


def half_photograph() -> Image.Image:
    """A drawing on white beside a photograph."""
    page = drawing()
    page.paste(photograph(900, 1200), (900, 0))
    return page


@pytest.mark.parametrize(
    ("picture", "diagram"),
    [
        (drawing(), True),
        (drawing().convert("P"), True),
        (drawing(600, 400), True),
        (photograph(), False),
        (half_photograph(), False),
        (ImageChops.invert(drawing()), False),
        (Image.new("I;16", (900, 600), 40000), False),
    ],
    ids=["drawing", "palette", "small", "photograph", "half photograph", "dark drawing", "16 bits"],
)
def test_a_diagram_is_told_by_its_source_in_every_profile(picture: Image.Image, diagram: bool) -> None:
    assert {encode(saved(picture), profile).diagram for profile in Profile} == {diagram}


def test_a_drawing_without_a_background_is_a_diagram() -> None:
    clear = drawing().convert("RGBA")
    clear.putalpha(ImageChops.invert(clear.convert("L")).point([255 * (value > 0) for value in range(256)]))
    assert encode(saved(clear)).diagram


@pytest.mark.parametrize(
    ("body", "diagram"),
    [
        ('<path d="M1 1h8" stroke="#000"/><text>图</text>', True),
        ('<rect width="100%" height="100%" fill="white"/><rect width="20" height="9" fill="#036"/>', True),
        ('<style>a, .page{fill:#fffef9}</style><rect class="page" width="100" height="80"/>', True),
        ('<defs><rect width="100" height="80"/></defs><text>图</text>', True),
        ('<rect width="100" height="80" style="fill: light-dark(rgb(255, 255, 255), #121212)"/>', True),
        ('<g><path d="M0 80L100 80L100 0L0 0Z" style="fill: #ffffff"/></g><path d="M2 2L9 9" stroke="red"/>', True),
        ('<rect width="100" height="80" fill="#14161a"/><text fill="#eee">图</text>', False),
        ('<rect width="100" height="80"/>', False),
        ('<rect class="ground" width="100" height="80"/>', False),
        ('<path d="M0 0H100V80H0Z" fill="navy"/>', False),
        ('<image href="data:image/png;base64,iVBORw0KGgo="/>', False),
        ("".join(f'<circle r="2" fill="#{number:02x}8040"/>' for number in range(90)), False),
    ],
    ids=[
        *("no ground", "white", "of a class", "only defined", "by day", "a path", "dark"),
        *("black", "unknown", "dark path", "picture", "many colours"),
    ],
)
def test_an_svg_diagram_is_told_by_its_text(body: str, diagram: bool) -> None:
    source = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 80">{body}</svg>'
    assert encode(source.encode()).diagram is diagram


def test_the_sources_of_the_shipped_drawings_are_diagrams() -> None:
    sources = sorted((REPOSITORY / "diagrams").glob("*.svg"))
    assert len(sources) > 5
    assert all(is_svg_diagram(source.read_bytes()) for source in sources)


def test_what_the_cache_keeps_knows_that_it_is_a_diagram(tmp_path: Path) -> None:
    (tmp_path / "d.png").write_bytes(saved(drawing(900, 600)))
    reference = ImageReference(chapter="a.md", target="d.png")
    for _ in range(2):
        images, _ = read_media(
            [(reference, Location(path="a.md", line=1))], project_of(tmp_path, "d.png"), profile=Profile.MOBILE
        )
        assert images[reference].diagram


# --- very large pictures ----------------------------------------------------------------------------------------------

PEAK = """
import sys
from PIL import Image
from deckgen.media.images import encode_image
from deckgen.project import Profile
data = open(sys.argv[1], "rb").read()
result = encode_image(data, Profile.MOBILE)
assert result.width_px == 1080
# What getrusage tells holds the memory of the process that began this one.
print(int(open("/proc/self/status").read().split("VmHWM:")[1].split()[0]) // 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is told in other units elsewhere")
@pytest.mark.parametrize(
    ("mode", "size"), [("RGBA", (100_000, 999)), ("P", (10_000, 9_999)), ("I;16", (10_000, 9_999))]
)
def test_a_hundred_megapixels_take_at_most_600_megabytes(mode: str, size: tuple[int, int], tmp_path: Path) -> None:
    path = tmp_path / "large.png"
    Image.new(mode, size).save(path, compress_level=1)
    done = subprocess.run([sys.executable, "-c", PEAK, path], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert int(done.stdout) <= 600


def test_a_very_large_picture_looks_like_a_small_one() -> None:
    """Upright, too: what a camera said of it is kept."""
    image = Image.new("RGB", (5000, 4000), "white")
    image.paste("red", (0, 0, 2500, 2000))
    exif = Image.Exif()
    exif[0x0112] = 6
    for kind in ("PNG", "TIFF"):
        result = shown(encode(saved(image, kind, exif=exif)))
        assert result.size == (1080, 1350)
        assert close(colour_at(result, 900, 200), (255, 0, 0))
        assert close(colour_at(result, 200, 200), (255, 255, 255))
        assert close(colour_at(result, 900, 1200), (255, 255, 255))
