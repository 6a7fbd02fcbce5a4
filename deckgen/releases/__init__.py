"""Releases: ``plan`` says what one would ship and whether it may, ``write`` makes its folder."""
