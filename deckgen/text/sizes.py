"""How large something is, for people."""


def human_size(size_bytes: int) -> str:
    """``482 kB``; a kB has 1,000 bytes."""
    if size_bytes < 1000:
        return f"{size_bytes} B"
    return f"{size_bytes / 1000:.0f} kB" if size_bytes < 999_500 else f"{size_bytes / 1_000_000:.1f} MB"


def counted(number: int, noun: str) -> str:
    """A number with its noun: 1 block, 2 blocks."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
