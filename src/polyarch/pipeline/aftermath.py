"""What the project wants to happen when an image is published: commands, once for each image.

They run where all of an image's destinations show it, also when nothing had to change, so that
what failed once runs again with the next publish. What they do cannot undo what is published.
"""

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from polyarch.config.placeholders import fill_words
from polyarch.errors import AfterPublishError, InterruptedByUserError, PolyarchError
from polyarch.events import CommandEnded, CommandStarted, Note
from polyarch.oci.digest import Digest
from polyarch.oci.fields import JsonObject
from polyarch.pipeline.commands import TIMEOUT_S, Commands
from polyarch.pipeline.job import Job, ProvenImage
from polyarch.pipeline.outcomes import STANDS, ErrorToJson
from polyarch.transaction.values import Outcome, Status, TagStatus

KEY = "after-publish"

_SHOWING = frozenset({TagStatus.CREATED, TagStatus.MOVED, TagStatus.UNCHANGED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Aftermath:
    """One command after publishing; `ran` is False where one before it failed."""

    image: str
    words: tuple[str, ...]
    ran: bool = True
    log: str = ""
    error: PolyarchError | None = None

    def to_json(self, error_to_json: ErrorToJson) -> JsonObject:
        """As it stands in `polyarch.publish/v1`."""
        status = ("failed" if self.error else "done") if self.ran else "skipped"
        return {
            "command": list(self.words),
            "status": status,
            "log": self.log or None,
            "error": error_to_json(self.error) if self.error else None,
        }


def run_aftermath(
    work: Job, images: Sequence[ProvenImage], outcomes: Sequence[Outcome]
) -> tuple[Aftermath, ...]:
    """Run the commands of every image that stands everywhere, in plan order.

    A command that fails, and an interrupt, are told in what comes back; the latter ends all.

    Raises:
        StorageError: a log cannot be written.
    """
    settings = work.prepared.project.images
    found: list[Aftermath] = []
    for image in images:
        name = image.plan.name
        if not settings[name].after_publish:
            continue
        mine = tuple(each for each in outcomes if each.image == name)
        if why := _why_not(mine, rehearsed=work.prepared.ask.sandbox):
            work.world.listen(Note(text=f"`{name}`: `{KEY}` is not run: {why}"))
            continue
        found += _Published(work=work, image=image, outcomes=mine).run(settings[name].after_publish)
        if any(isinstance(each.error, InterruptedByUserError) for each in found):
            break
    return tuple(found)


def _why_not(outcomes: Sequence[Outcome], *, rehearsed: bool) -> str:
    if rehearsed:
        return "this is a rehearsal"
    if not outcomes or any(each.status not in STANDS for each in outcomes):
        return "not every repository shows the image"
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Published:
    """One image that stands at all its destinations."""

    work: Job
    image: ProvenImage
    outcomes: tuple[Outcome, ...]

    def run(self, commands: Sequence[Sequence[str]]) -> Iterator[Aftermath]:
        """Run the commands in order; one that fails ends them."""
        values = {"ref": self._refs[0], "digest": str(self._digest)}
        failed = False
        for number, words in enumerate(commands, start=1):
            filled = fill_words(words, values)
            if failed:
                yield Aftermath(image=self.image.plan.name, words=filled, ran=False)
                continue
            done = self._one(filled, number)
            failed = done.error is not None
            yield done

    def _one(self, words: tuple[str, ...], number: int) -> Aftermath:
        name, listen = self.image.plan.name, self.work.world.listen
        log = self.work.run.command_log(KEY, name, "", number)
        begun = CommandStarted(what=KEY, image=name, platform=None, command=shlex.join(words))
        listen(begun)
        commands = Commands.of(self.work.prepared.project, self.work.world)
        error: PolyarchError | None = None
        try:
            ended = commands.run(words, log, self._variables(), timeout_s=TIMEOUT_S)
        except KeyboardInterrupt:  # what is published is told all the same
            error, problem = InterruptedByUserError(), "was interrupted"
        else:
            problem = ended.problem
            if problem:
                error = AfterPublishError(
                    name, ended.shown, problem=problem, last_lines=ended.last_lines, log=str(log)
                )
        listen(CommandEnded.of(begun, problem))
        return Aftermath(image=name, words=words, log=str(log), error=error)

    @property
    def _digest(self) -> Digest:
        """What stands at the first destination; elsewhere it may be adapted, or merged."""
        return self.outcomes[0].digest or self.image.index.descriptor.digest

    @property
    def _refs(self) -> tuple[str, ...]:
        return tuple(f"{each.repository}@{each.digest or self._digest}" for each in self.outcomes)

    def _variables(self) -> Mapping[str, str]:
        new = any(each.status is Status.PUBLISHED for each in self.outcomes)
        tags = dict.fromkeys(
            tag.tag for each in self.outcomes for tag in each.tags if tag.status in _SHOWING
        )
        platforms = {
            str(built.part.platform): str(built.part.manifest.digest) for built in self.image.parts
        }
        return {
            "POLYARCH_IMAGE": self.image.plan.name,
            "POLYARCH_DIGEST": str(self._digest),
            "POLYARCH_REFS": "\n".join(self._refs),
            "POLYARCH_TAGS": "\n".join(tags),
            "POLYARCH_STATUS": (Status.PUBLISHED if new else Status.UNCHANGED).value,
            "POLYARCH_RUN": self.work.run.id,
            "POLYARCH_PLATFORMS": json.dumps(platforms),
        }
