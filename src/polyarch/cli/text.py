"""Small forms of text: sizes, errors, notes."""

from polyarch.errors import PolyarchError

_STEP = 1000


def size(count: int) -> str:
    """Bytes as people read them, in powers of 1000 as registries count."""
    value = float(count)
    for unit in ("B", "kB", "MB"):
        if value < _STEP:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= _STEP
    return f"{value:.2f} GB"


def for_terminal(text: str) -> str:
    """Lines that cannot steer a terminal: what is not printable is written as an escape."""
    return "".join(
        each
        if each == "\n" or each.isprintable()
        else each.encode("unicode_escape").decode("ascii")
        for each in text
    )


def one_line(text: str) -> str:
    """The same for text that must not begin a line of its own."""
    return for_terminal(text).replace("\n", "\\n")


def error_lines(error: PolyarchError) -> list[str]:
    """The three lines of an error: what, where, what next; empty ones are left out."""
    lines = [f"error: {error.message}"]
    if error.where:
        lines.append(f"  where: {error.where}")
    if error.hint:
        lines.append(f"  hint: {error.hint}")
    return lines
