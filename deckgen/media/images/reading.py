"""Bytes → an image, upright, in sRGB and at its final size; every way in which bytes can be no image."""

import contextlib
import io
import warnings

from PIL import Image, ImageCms, ImageOps

from deckgen.media import BrokenImageError
from deckgen.project import Profile

MAX_WIDTH_PX = {Profile.MOBILE: 1080, Profile.DESKTOP: 1920, Profile.ORIGINAL: 16383}
MAX_SIDE_PX = 16383
"""WebP's limit."""
MAX_PIXELS = 100_000_000
_LONGEST_SIDE_PX = 200_000
"""Every row costs memory of its own, however short it is."""
LARGE_PIXELS = 16_000_000
"""What is larger is made smaller as soon as it is decoded, and never encoded in full: a copy takes up to 400 MB."""

_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "DIB", "TIFF", "AVIF", "ICO", "PPM", "TGA", "JPEG2000")
"""Formats that Pillow reads by itself; EPS, for one, would start another program."""
_STRIP_PIXELS = 4_000_000
_AVERAGED = frozenset(("L", "LA", "RGB", "RGBA", "CMYK", "YCbCr", "LAB"))

# MAX_PIXELS guards against bombs, and what a decoder finds odd in a file is no news to the reader of our findings.
warnings.filterwarnings("ignore", module=r"PIL\.")


def open_image(source: bytes) -> Image.Image:
    """The image, its header read and nothing more. Raises BrokenImageError."""
    if not source:
        raise BrokenImageError("is empty (0 bytes)", "save the image again")
    try:
        image = Image.open(io.BytesIO(source), formats=_FORMATS)
    except Image.DecompressionBombError:
        raise _too_large(f"{MAX_PIXELS // 1_000_000} million pixels") from None
    except Exception:  # decoders raise SyntaxError, struct.error and others on hostile bytes
        raise BrokenImageError(*_explain(source)) from None
    if image.width * image.height > MAX_PIXELS:
        raise _too_large(f"{MAX_PIXELS // 1_000_000} million pixels")
    if max(image.size) > _LONGEST_SIDE_PX:
        raise _too_large(f"{_LONGEST_SIDE_PX:,} pixels on a side")
    return image


def _too_large(what: str) -> BrokenImageError:
    return BrokenImageError(f"has more than {what}", "scale it down to the width that a screen can show")


def _explain(source: bytes) -> tuple[str, str]:
    """What bytes that are no readable image are, and what to do about it."""
    head = source[:512].lstrip().lower()
    if head.startswith(b"version https://git-lfs"):
        return "is a Git LFS pointer, not the image itself", "fetch the image with: git lfs pull"
    if head.startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        return "is a web page, not an image", "download the image itself"
    if source[4:8] == b"ftyp" and source[8:12] in (b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"heim", b"heis"):
        return "is a HEIC image, which cannot be read", "save it as PNG or JPEG"
    if head.startswith(b"%pdf"):
        return "is a PDF, not an image", "save it as PNG or SVG"
    return "cannot be read as an image", "save it as PNG, JPEG, WebP or SVG"


def load_image(image: Image.Image) -> None:
    """Decodes the image's bytes. Raises BrokenImageError where they end too early or make no sense."""
    try:
        image.load()
    except Exception as error:  # as in open_image
        what = "is cut off: its data end too early" if "truncated" in str(error) else f"is damaged: {error}"
        raise BrokenImageError(what, "save or download the image again") from None


def is_animated(image: Image.Image) -> bool:
    """Whether there is more than one frame. Raises BrokenImageError as load_image does."""
    try:
        return bool(getattr(image, "is_animated", False))
    except Exception as error:  # as in open_image
        raise BrokenImageError(f"is damaged: {error}", "save or download the image again") from None


def orientation(image: Image.Image) -> int:
    """How a camera held the image, as EXIF counts; 1 is upright."""
    try:
        return int(image.getexif().get(0x0112, 1))
    except Exception:  # broken EXIF data say nothing
        return 1


def decode_image(image: Image.Image, profile: Profile) -> Image.Image:
    """The image as it is meant to be seen: upright, in sRGB, as RGB or RGBA, scaled for the profile."""
    turned = orientation(image) in (5, 6, 7, 8) and image.format != "TIFF"  # whose size Pillow gives as it is seen
    size = target_size((image.height, image.width) if turned else image.size, profile)
    if image.format == "JPEG":
        image.draft(None, (2 * max(size), 2 * max(size)))  # decodes a huge photograph at a fraction of its size
    load_image(image)
    image = _shrunk(image, size)
    colours = image.info.get("icc_profile")
    if orientation(image) != 1:
        with contextlib.suppress(Exception):  # broken EXIF data turn nothing
            image = ImageOps.exif_transpose(image)
    try:
        image = _in_srgb(image, colours)
    except Exception as error:  # as in open_image
        raise BrokenImageError(f"is damaged: {error}", "save or download the image again") from None
    return image if image.size == size else image.resize(size, Image.Resampling.LANCZOS)


def _shrunk(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """A very large image at a fraction of its size, mostly twice ``size``, before copies are made of it."""
    pixels = image.width * image.height
    factor = max(int((pixels / (4 * size[0] * size[1])) ** 0.5), round((pixels / LARGE_PIXELS / 1.5) ** 0.5))
    if factor < 2 or pixels <= LARGE_PIXELS:
        return image
    held = orientation(image)
    if image.mode in ("1", "P", "PA"):
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    small = Image.new(image.mode, (image.width // factor, image.height // factor))
    rows = max(1, _STRIP_PIXELS // (image.width * factor))
    for top in range(0, small.height, rows):  # one strip at a time, since Pillow works on a copy
        strip = image.crop((0, top * factor, small.width * factor, min(top + rows, small.height) * factor))
        if image.mode in _AVERAGED:
            small.paste(strip.reduce(factor), (0, top))
        else:
            small.paste(strip.resize((small.width, strip.height // factor), Image.Resampling.NEAREST), (0, top))
    small.info = image.info
    small.getexif()[0x0112] = held
    return small


def as_rgb(image: Image.Image) -> Image.Image:
    """Pillow's own conversion copies what is RGB already."""
    return image if image.mode == "RGB" else image.convert("RGB")


def target_size(size: tuple[int, int], profile: Profile) -> tuple[int, int]:
    width, height = size
    scale = min(1.0, MAX_WIDTH_PX[profile] / width, MAX_SIDE_PX / height, (LARGE_PIXELS / (width * height)) ** 0.5)
    return max(1, round(width * scale)), max(1, round(height * scale))


def _in_srgb(image: Image.Image, colours: bytes | None) -> Image.Image:
    """``image`` as sRGB; RGBA where something shows through, else RGB. ``colours`` is its ICC profile."""
    if image.mode.startswith("I") or image.mode == "F":
        image = _as_eight_bit(image)
    alpha = None
    if image.has_transparency_data:
        image = image.convert("RGBA")
        alpha = image.getchannel("A")
    elif image.mode in ("1", "P", "PA"):
        image = image.convert("RGB")
    if colours:
        image = _as_srgb(image.convert("RGB") if image.mode == "RGBA" else image, colours)
    image = as_rgb(image)
    if alpha is not None and alpha.getextrema() != (255, 255):
        image.putalpha(alpha)
    return image


def _as_eight_bit(image: Image.Image) -> Image.Image:
    """Grey values of 16 or 32 bits scaled to 8; Pillow's own conversion would turn most of them white."""
    deep = image.mode.startswith("I;16")
    image = image if image.mode == "F" else image.convert("I")
    low, high = (float(value) for value in image.getextrema())  # type: ignore[arg-type]
    if deep or (image.mode == "I" and low >= 0 and 255 < high <= 65535):
        low, high = 0.0, 65535.0
    elif low >= 0 and high <= 1 and image.mode == "F":
        low, high = 0.0, 1.0
    elif low >= 0 and high <= 255:
        low, high = 0.0, 255.0
    image.info.pop("transparency", None)  # a value of the old depth
    scale = 255 / ((high - low) or 1)
    # Converting from F clips without rounding.
    return image.convert("F").point(lambda value: value * scale + (0.5 - low * scale)).convert("L")


def _as_srgb(image: Image.Image, colours: bytes) -> Image.Image:
    """``image`` converted from its ICC profile; as it is where the profile is sRGB, broken or made for another mode."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(colours))
        if "srgb" in ImageCms.getProfileDescription(source).lower():
            return image
        converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return image
    return converted or image
