"""One act on what is published: a transaction of images that exist already, with its journal."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from polyarch.events import Listener
from polyarch.pipeline.journals import journal_for
from polyarch.registry.client import RegistryClient
from polyarch.runs.folder import RunFolder
from polyarch.transaction.logins import check_logins
from polyarch.transaction.run import publish
from polyarch.transaction.values import (
    OnRegistryFailure,
    Options,
    Outcome,
    Prove,
    Submission,
    nothing_to_stop,
)

DRY_RUN = "`--dry-run` only looks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How an act may end; `rollback` and `deadline_s` as a transaction has them.

    `fewer`: a tag may lose platforms. `why` is told to whoever reads the record.
    """

    on_failure: OnRegistryFailure = OnRegistryFailure.ABORT
    rollback: bool = True
    deadline_s: float | None = None
    fewer: bool = False
    dry_run: bool = False
    why: str = ""


def act(
    submissions: Sequence[Submission],
    terms: Terms,
    *,
    run: RunFolder,
    runner: asyncio.Runner,
    client: RegistryClient,
    listen: Listener,
    prove: Prove | None = None,
    stop_proving: Callable[[], None] = nothing_to_stop,
) -> tuple[Outcome, ...]:
    """Move the tags of all submissions, or of none; one outcome for each of their targets.

    Raises:
        ContentError, SpecError: what was to be moved is not whole; nothing was sent.
        VerificationError: `prove` does not hold; no tag has moved.
        StorageError: the journal cannot be written; no tag has moved.
    """
    if terms.dry_run:
        targets = [(each.name, target) for each in submissions for target in each.targets]
        return runner.run(check_logins(targets, client, listen))
    with journal_for(run.path, listen) as opened:
        work = publish(
            submissions,
            client,
            listen,
            on_failure=terms.on_failure,
            options=Options(
                rollback=terms.rollback,
                deadline_s=terms.deadline_s,
                owner=run.id,
                prove=prove,
                stop_proving=stop_proving,
            ),
            journal=opened.journal,
        )
        outcomes = runner.run(work)
        opened.settle(outcomes)
    return outcomes
