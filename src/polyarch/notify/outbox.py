"""What sending needs of the outside, as values."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Self

from polyarch.errors import NoticeNotSentError
from polyarch.net.proxy import ProxyRules
from polyarch.net.sending import Answer, Sending, send

WITHIN_S = 10.0
"""For all addresses together, waiting for busy services included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbox:
    """Where notices lie before they are sent.

    `now` is the time that signatures tell. `secret` signs what plain webhooks get, empty for no
    signature. `variables` hold the tokens, by name. `api` is GitHub's address for programs and
    `repository` the one of the run there, both empty elsewhere. `deadline` is a reading of
    `time.monotonic()`, zero before anything is sent.
    """

    now: datetime
    proxies: ProxyRules
    secret: str = field(default="", repr=False)
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    api: str = ""
    repository: str = ""
    within_s: float = WITHIN_S
    deadline: float = 0.0

    def begun(self) -> Self:
        """The same, with the time running."""
        return replace(self, deadline=time.monotonic() + self.within_s)

    @property
    def left_s(self) -> float:
        """Seconds that are left, never nothing at all."""
        return max(0.05, self.deadline - time.monotonic())

    def send(self, sending: Sending) -> Answer:
        """Send one request.

        Raises:
            CallFailedError: no answer.
        """
        return send(sending, self.proxies, deadline=self.deadline)


def not_taken(answer: Answer, said: str = "") -> NoticeNotSentError:
    """The error for an answer that says no."""
    told = f"it answered {answer.status}{f': {said}' if said else ''}"
    return NoticeNotSentError("", told)
