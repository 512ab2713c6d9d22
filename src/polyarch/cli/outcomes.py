"""Verbs that bring images to several places: how their outcomes are told, and the exit code."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from polyarch.cli.exit_codes import ExitCode, refusal_code, worst
from polyarch.cli.invocation import Invocation
from polyarch.cli.text import error_lines
from polyarch.errors import PolyarchError

if TYPE_CHECKING:
    from polyarch.registry.quota import Usage


class Outcome(Protocol):
    """What became of one place."""

    @property
    def error(self) -> PolyarchError | None:
        """Why it does not show the image."""
        ...


class Outcomes(Protocol):
    """What a verb comes to."""

    @property
    def partly(self) -> bool:
        """Whether places differ in what they show now."""
        ...

    @property
    def outcomes(self) -> Sequence[Outcome]:
        """One for each place."""
        ...


def code_of(result: Outcomes) -> ExitCode:
    """The exit code of what came of it: the worst of all destinations."""
    if result.partly:
        return ExitCode.PARTLY_PUBLISHED
    return worst(refusal_code(each.error) for each in result.outcomes if each.error)


def tell_quotas(usage: "Sequence[Usage]", invocation: Invocation) -> None:
    """Say of registries that count reads how many there were, and how many are left."""
    for each in usage:
        if not each.metered and each.remaining is None:
            continue
        told = f"{each.registry}: {each.metered} reads of manifests, which count against its quota"
        if each.remaining is not None:
            limit = f" of {each.limit}" if each.limit is not None else ""
            window = f" in {each.window_s // 3600} h" if each.window_s else ""
            told += f"; {each.remaining}{limit} left{window}"
        invocation.hint(told)


def complain_of(result: Outcomes, invocation: Invocation) -> None:
    """Tell every error once, however many places it kept from the image."""
    told = ("\n".join(error_lines(each.error)) for each in result.outcomes if each.error)
    for text in dict.fromkeys(told):
        invocation.complain(text)
