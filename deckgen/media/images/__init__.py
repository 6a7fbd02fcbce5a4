"""Source bytes of an image → the bytes that a card carries: the recipe; the only package that imports Pillow.

Widths: 1080 px for ``mobile``, 1920 px for ``desktop``, unlimited for ``original``; nothing is enlarged. What is
encoded anew becomes WebP, whichever way of encoding wins, so that a media name never depends on an encoder's build:

- *Drawings* (text, lines, flat fills): at most 256 colours without dithering, as lossless WebP. The up to 64 colours
  that fill most stay exact, save that one close to another joins it; the blends along edges are approximated. There
  is no ringing, and the file is mostly smaller than lossy WebP. Taken where the error stays below ``DRAWING``.
- *Photographs*: lossy WebP at the lowest quality of the ladder that keeps even areas quiet (``PHOTOGRAPH``).
- Lossless WebP where neither is good enough.

Kept byte for byte, by rules that look at the source alone: animated GIF and PNG up to 10 MB, small plain images,
lossy WebP and JPEG below a quality of about 45 that need no resizing, safe SVG, and in the ``original`` profile
whatever every Anki shows (PNG, JPEG, GIF, still WebP). Other animations become GIF. A photograph that came as a
smaller JPEG is compressed harder until it is no larger, or the ladder ends; a drawing may grow where scaling adds the
blends that a two-colour source did not have.
"""

import contextlib
import io
import math
import threading

from PIL import Image, ImageSequence, features
from PIL import __version__ as _pillow_version

from deckgen.media import BrokenImageError, EncodedImage
from deckgen.media.images.colours import find_palettes, sampled, with_palette
from deckgen.media.images.diagram import is_diagram, is_svg_diagram
from deckgen.media.images.quality import DRAWING, PHOTOGRAPH, Meter
from deckgen.media.images.reading import (
    LARGE_PIXELS,
    MAX_SIDE_PX,
    MAX_WIDTH_PX,
    decode_image,
    is_animated,
    load_image,
    open_image,
    orientation,
    target_size,
)
from deckgen.media.svg import UnsafeSvgError, check_svg, looks_like_svg
from deckgen.project import Profile

MAX_ANIMATION_BYTES = 10_000_000

_MAX_ANIMATION_PIXELS = 60_000_000
_SMALL_BYTES = 4096
_HARD_QUANTISATION = 65
_SUFFIXES = {"PNG": "png", "JPEG": "jpg", "MPO": "jpg", "GIF": "gif", "WEBP": "webp"}
_PLAIN_MODES = frozenset(("1", "L", "LA", "P", "RGB", "RGBA"))
_ANIMATED = frozenset(("GIF", "PNG", "WEBP", "AVIF"))
_PALETTE_SIZES = (256, 128)
_LOSSY_QUALITIES = (80, 86, 92)
_SMALLER_QUALITIES = (70, 60, 50, 40)
_LOSSLESS_EFFORT, _LOSSLESS_METHOD = 90, 2
"""5 % smaller than Pillow's defaults (80, 4) in the same time; 100 and 4 win another 1 % and take twice as long."""
_LARGE = threading.Semaphore(1)
"""One very large image at a time: each may need half a gigabyte."""


def suffix_of(source: bytes) -> str:
    """What a file of an image's bytes is called, such as ``.png``. Raises BrokenImageError."""
    if looks_like_svg(source):
        return ".svg"
    known = open_image(source).format or ""
    return f".{_SUFFIXES.get(known, known.lower())}"


def encoder_version() -> str:
    """What the encoded bytes, and what is said of them, depend on besides the source and the recipe."""
    return f"svg 2 pillow {_pillow_version} webp {features.version('webp')} cms {features.version('littlecms2')}"


def encode_image(source: bytes, profile: Profile) -> EncodedImage:
    """The image for ``profile``. The same bytes give the same result. Raises BrokenImageError."""
    if looks_like_svg(source):
        return _keep_svg(source)
    image = open_image(source)
    with _LARGE if image.width * image.height > LARGE_PIXELS else contextlib.nullcontext():
        animated = image.format in _ANIMATED and is_animated(image)
        if _is_kept(image, source, profile, animated=animated):
            return _keep(image, source, diagram=not animated)
        if animated and image.format in ("WEBP", "AVIF"):
            pixels = math.prod(target_size(image.size, profile)) * int(getattr(image, "n_frames", 1))
            if pixels <= _MAX_ANIMATION_PIXELS:
                return _encode_animation(image, profile)
        remark = "is too large an animation, so only its first frame is shown" if animated else ""
        return _encode_still(image, source, profile, remark)


# --- kept as they are -------------------------------------------------------------------------------------------------


def _keep_svg(source: bytes) -> EncodedImage:
    try:
        width, height = check_svg(source)
    except UnsafeSvgError as error:
        raise BrokenImageError(
            f"is an SVG that {error}", "save it as plain SVG, with text as paths and images embedded, or as PNG"
        ) from None
    diagram = is_svg_diagram(source)
    return EncodedImage(data=source, suffix="svg", width_px=width, height_px=height, diagram=diagram)


def _is_kept(image: Image.Image, source: bytes, profile: Profile, *, animated: bool) -> bool:
    """Whether an image goes onto the card as it is, decided by its own bytes alone."""
    if animated:
        return image.format in ("GIF", "PNG") and len(source) <= MAX_ANIMATION_BYTES
    if image.format not in _SUFFIXES or image.mode not in _PLAIN_MODES:
        return False
    if image.width > MAX_WIDTH_PX[profile] or image.height > MAX_SIDE_PX or orientation(image) != 1:
        return False
    if profile is Profile.ORIGINAL:
        return True
    if any(key in image.info for key in ("exif", "xmp", "photoshop", "icc_profile", "comment")):
        return False
    lossy_webp = image.format == "WEBP" and b"VP8L" not in source
    return len(source) <= _SMALL_BYTES or lossy_webp or _is_hard_jpeg(image)


def _is_hard_jpeg(image: Image.Image) -> bool:
    """A JPEG of a quality below about 45, by its quantisation: to encode it again would lose more or gain bytes."""
    tables = (getattr(image, "quantization", None) or {}) if image.format == "JPEG" else {}
    return 0 in tables and sum(tables[0]) / len(tables[0]) > _HARD_QUANTISATION


def _keep(image: Image.Image, source: bytes, *, diagram: bool) -> EncodedImage:
    """``diagram``: whether it may be one."""
    width, height = image.size
    load_image(image)
    return EncodedImage(
        data=source,
        suffix=_SUFFIXES[str(image.format)],
        width_px=width,
        height_px=height,
        diagram=diagram and image.mode in _PLAIN_MODES and is_diagram(image),
    )


# --- encoded anew -----------------------------------------------------------------------------------------------------


def _encode_still(image: Image.Image, source: bytes, profile: Profile, remark: str) -> EncodedImage:
    lossy_source = image.format in ("JPEG", "MPO")
    exact = decode_image(image, profile)
    meter = Meter(exact)
    data = _as_drawing(exact, meter) or _as_photograph(exact, meter) or _webp(exact)
    if len(data) > len(source) and lossy_source:
        data = _no_larger(exact, len(source), data)
    return EncodedImage(
        data=data,
        suffix="webp",
        width_px=exact.width,
        height_px=exact.height,
        remark=remark,
        diagram=image.mode in _PLAIN_MODES and is_diagram(image),
    )


def _as_drawing(exact: Image.Image, meter: Meter) -> bytes | None:
    """With as few colours as the measure allows; None where it allows none of the palettes.

    A sample of the pixels tells which palettes may do; the whole image is put into few colours only then.
    """
    sample = sampled(exact)
    rough = meter if sample is exact else Meter(sample)
    fit = []
    for palette in find_palettes(sample, _PALETTE_SIZES):
        if not rough.measure(with_palette(sample, palette)).within(DRAWING):
            break
        fit.append(palette)
    for palette in reversed(fit):
        reduced = with_palette(exact, palette)
        if meter.measure(reduced).within(DRAWING):
            return _webp(reduced)
    return None


def _as_photograph(exact: Image.Image, meter: Meter) -> bytes | None:
    """At the lowest quality that keeps even areas quiet; None where none does."""
    for quality in _LOSSY_QUALITIES:
        data = _webp(exact, quality=quality)
        if meter.measure(Image.open(io.BytesIO(data))).within(PHOTOGRAPH):
            return data
    return None


def _no_larger(exact: Image.Image, limit: int, data: bytes) -> bytes:
    """A photograph that was compressed harder than the recipe would: what it had lost need not be kept."""
    for quality in _SMALLER_QUALITIES:
        data = min(data, _webp(exact, quality=quality), key=len)
        if len(data) <= limit:
            break
    return data


def _webp(image: Image.Image, *, quality: int | None = None) -> bytes:
    """Without loss unless a quality is given. Nothing but pixels is written."""
    lossless = {"lossless": True, "quality": _LOSSLESS_EFFORT, "method": _LOSSLESS_METHOD}
    options = {"quality": quality, "method": 4} if quality else lossless
    target = io.BytesIO()
    image.save(target, "WEBP", exif=b"", icc_profile=b"", xmp=b"", **options)
    return target.getvalue()


def _encode_animation(image: Image.Image, profile: Profile) -> EncodedImage:
    """An animated WebP or AVIF as GIF, which every Anki plays."""
    size = target_size(image.size, profile)
    frames, durations = [], []
    try:
        for frame in ImageSequence.Iterator(image):
            image = frame.convert("RGBA")
            frames.append(image if size == image.size else image.resize(size, Image.Resampling.LANCZOS))
            durations.append(int(frame.info.get("duration", 100)) or 100)
        target = io.BytesIO()
        options = {"append_images": frames[1:], "duration": durations, "loop": 0, "disposal": 2, "optimize": False}
        frames[0].save(target, "GIF", save_all=True, **options)
    except Exception as error:  # as in open_image
        raise BrokenImageError(f"is damaged: {error}", "save or download the image again") from None
    return EncodedImage(data=target.getvalue(), suffix="gif", width_px=size[0], height_px=size[1])
