"""QR codes for terminals."""

import io

import segno

__all__ = ["qr_code"]

_QUIET: int = 2
"""Modules around the code. The standard asks for four; two leave room in narrow terminals, and phones do not mind."""

_LIGHT_ON_DARK = "\x1b[97;40m"
_RESET = "\x1b[0m"


def qr_code(text: str, columns: int) -> str | None:
    """Draw a code with two modules to a character, in colours of its own: a terminal's theme would invert it.

    Args:
        text: what it says.
        columns: how wide the terminal is.

    Returns:
        Its lines, or `None` when it does not fit.
    """
    code = segno.make(text, error="l", micro=False)
    if code.symbol_size(border=_QUIET)[0] > columns:
        return None
    drawn = io.StringIO()
    code.terminal(drawn, border=_QUIET, compact=True)
    return "".join(f"{_LIGHT_ON_DARK}{line}{_RESET}\n" for line in drawn.getvalue().splitlines())
