"""What an image becomes, or why it becomes nothing; to import Pillow, which makes it, takes a twentieth of a start."""

from msgspec import Struct

RECIPE = "2"
"""Part of every media name: to change it renames every image, and so changes every note that shows one."""


class EncodedImage(Struct, frozen=True, kw_only=True):
    """An image ready to be packaged. ``remark`` says what of the source could not be kept; mostly empty.

    ``diagram`` says of a still image, measured on its source, that it may be shown in the colours of the night.
    """

    data: bytes
    suffix: str
    width_px: int
    height_px: int
    remark: str = ""
    diagram: bool = False


class BrokenImageError(ValueError):
    """Why an image cannot be shown, in words that follow its name, and how to mend it."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint
