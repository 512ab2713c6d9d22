"""Why a real part is not there."""


class Missing(Exception):  # noqa: N818 - a state that callers ask about, not a mistake of theirs
    """A part cannot be had on this machine; says why and what would help."""

    def __init__(self, reason: str, hint: str) -> None:
        self.reason = reason
        self.hint = hint
        super().__init__(f"{reason} ({hint})")
