"""A book's folder: its settings and their choices, its files' names and texts, how files are read and put in place."""

from enum import StrEnum


class Profile(StrEnum):
    """What the images of a package are made for."""

    MOBILE = "mobile"
    DESKTOP = "desktop"
    ORIGINAL = "original"


class Packages(StrEnum):
    """What there are packages of, beside the one of all."""

    ALL = "all"
    CHAPTERS = "chapters"
    CATEGORIES = "categories"


class Policy(StrEnum):
    """Which translations a build shows."""

    REVIEWED = "reviewed"
    DRAFT = "draft"
    STRICT = "strict"
