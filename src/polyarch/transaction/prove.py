"""The proof of what is staged, by whoever asked for the run, before any tag moves."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from polyarch.errors import VerificationError
from polyarch.transaction.destination import Destination
from polyarch.transaction.values import Options, Submission

_AGAIN_S = 1.0
"""How often a proof is told to stop."""


async def prove(going: Sequence[Destination], options: Options, left_s: float | None) -> bool:
    """Let the proof look at what stands at these destinations; whether it ended within `left_s`.

    One that is late, or interrupted, is stopped and waited for: no program outlives the run.

    Raises:
        VerificationError: it does not hold.
        PolyarchError: what it met.
    """
    if not options.prove:
        return True
    proof = asyncio.ensure_future(asyncio.to_thread(options.prove, _held(going)))
    late = True
    try:
        _, unfinished = await asyncio.wait({proof}, timeout=left_s)
        late = bool(unfinished)
    finally:
        while not proof.done():  # it may be about to start the next program
            await asyncio.to_thread(options.stop_proving)
            await asyncio.wait({proof}, timeout=_AGAIN_S)
        if late:
            proof.exception()  # that it was stopped
    if not late:
        report = proof.result()
        if not report.ok:
            told = [str(each) for each in report.findings]
            unknown = report.unknown or "nothing could be checked"
            raise VerificationError(report.subject, told or [unknown])
    return not late


def _held(going: Sequence[Destination]) -> tuple[Submission, ...]:
    """The submissions, each with the targets alone that hold it."""
    found: dict[int, Submission] = {}
    for each in going:
        known = found.setdefault(id(each.submission), replace(each.submission, targets=()))
        found[id(each.submission)] = replace(known, targets=(*known.targets, each.target))
    return tuple(found.values())
