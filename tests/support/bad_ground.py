"""What goes wrong on lines to registries, and the runs that meet it."""

import base64
import json
import os
import time
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from tests.support.bad_lines import Line, in_vain, is_upload, sent
from tests.support.dying import (
    NAME,
    REPOSITORY,
    TAGS,
    Copying,
    Ground,
    Publishing,
    new_layout,
)
from tests.support.fault_proxy import Seen
from tests.support.faults import Corrupt, Fault, Instead, Reset, Rule, Stall, Swallow, Truncate
from tests.support.killing import Tags
from tests.support.tiny_project import Said
from tests.support.whole import Shelf

STANDS: Mapping[str, AbstractSet[bool]] = {
    "published": {True},
    "unchanged": {True},
    "skipped": {False},
    "failed": {False},
    "rolled-back": {False},
}
"""Whether what is new stands there, by what is told; `left` may be either."""
LARGE, SMALL = 300_000, 90_000
CONSTANTS: Mapping[str, float] = {
    # So that a layer of a third of a megabyte goes in chunks and by threads, as one of 64 MiB does.
    "polyarch.registry.habits.LARGE": 128_000,
    "polyarch.registry.habits.CHUNK_S": 0,
    "polyarch.registry.large_bodies.SMALL_BODY": 64_000,
    # So that what lasts does not last long: waits between tries, and for an undoing that hangs.
    "polyarch.registry.retry._MAX_EXPONENT": 1,
    "polyarch.registry.retry._JITTER_AFTER_WAIT_S": 0,
    "polyarch.transaction.run.LATE_S": 2,
}
TOML = """\
[images.app]
engine = "direct"
platforms = ["linux/ppc64le", "linux/s390x"]
repositories = {repositories}
tags = [
  "type=ref,event=branch",
  "type=raw,value=latest",
  "type=semver,pattern={{{{major}}}}.{{{{minor}}}},value=1.2.3",
]
[images.app.direct]
files = [{{ from = "{{goarch}}.bin", to = "/app", mode = "0755" }}]
"""


def told(status: int, **headers: str) -> Instead:
    """An answer of the line itself: a gateway, a load balancer."""
    body = b'{"errors": [{"code": "UNKNOWN", "message": "something is wrong here"}]}'
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return Instead(status=status, headers={"Content-Type": "application/json", **fields}, body=body)


PASSING: Mapping[str, Fault] = {
    "reset": Reset(of="request", after=0),
    "reset within": Reset(of="request", after=20),
    "reset answer": Reset(of="answer", after=2),
    "short answer": Truncate(of="answer", after=2),
    "lost answer": Swallow(),
    "500": told(500),
    "502": told(502),
    "503": told(503, Retry_After="1"),
    "504": told(504),
    "429": told(429, Retry_After="1"),
    "429 without a time": told(429),
    "stall": Stall(of="request", seconds=0.4),
    "stalled answer": Stall(of="answer", seconds=0.4),
}
"""What goes away by itself: happening once it must not be seen in what comes of a run."""

LASTING: Mapping[str, Fault] = {
    "reset": PASSING["reset"],
    "reset within": PASSING["reset within"],
    "short answer": PASSING["short answer"],
    "lost answer": PASSING["lost answer"],
    "503": PASSING["503"],
    "429": PASSING["429"],
    "stall": Stall(of="request"),
    "unanswered": Swallow(hangs=True),
    "denied": Instead(
        status=403,
        headers={"Content-Type": "application/json"},
        body=b'{"errors": [{"code": "DENIED", "message": "requested access is denied"}]}',
    ),
}

DAMAGE: Mapping[str, Fault] = {
    "damaged": Corrupt(of="request", at=7),
    "damaged answer": Corrupt(of="answer", at=7),
}


@dataclass
class Behind(Ground):
    """Registries that are told by the proxies in front of them, and looked at past those."""

    lines: Sequence[Line] = ()

    @property
    def crossed(self) -> Sequence[Line]:
        """Every line that requests cross, the last one being what tests spoil."""
        return self.lines

    @property
    def shelves(self) -> Sequence[Shelf]:
        return [line.shelf(REPOSITORY) for line in self.lines]

    @property
    def docker_logins(self) -> dict[str, str]:
        auths = {
            line.host: {"auth": base64.b64encode(":".join(login).encode()).decode()}
            for line in self.lines
            if (login := (line.registry.username, line.registry.password)) != ("", "")
        }
        return {"DOCKER_AUTH_CONFIG": json.dumps({"auths": auths})}

    def hold(self, said: Said, found: Sequence[Tags]) -> None:
        """Hold exit code and document against what stands."""
        new = [{self.is_new(standing) for standing in tags.values()} for tags in found]
        left = '"status": "left"' in said.stdout
        if said.code == 0:
            assert new == [{True}] * len(new), said
        elif left or new != [{False}] * len(new):
            assert said.code == 6, said
        else:
            assert said.code != 6, said
        for image in said.document.get("images", ()):
            told = {each["repository"]: each["status"] for each in image["destinations"]}
            for line, stands in zip(self.lines, new, strict=True):
                status = told[f"{line.host}/{REPOSITORY}"]
                assert stands == STANDS.get(status, stands), (line.host, said)

    def count(self, seen: Sequence[Sequence[Seen]]) -> None:
        """See that no bytes of blobs were sent again but those that were lost.

        What came to an upload before it was lost is lost with it: of one that several things went
        wrong with, or after its first request, that is no more than the blob.
        """
        whole = self.shelves[0].blob_bytes(self.old)
        for each in seen[: len(self.lines) - 1]:
            hit = [request for request in each if request.fault and is_upload(request)]
            first = next((request for request in each if is_upload(request)), None)
            lost = in_vain(each) if hit in ([], [first]) else len(hit) * LARGE
            assert whole <= sent(each) <= whole + lost, (hit, whole, sent(each))


@dataclass
class PublishingBehind(Behind, Publishing):
    """`publish`."""

    def renew(self) -> str:
        for name, size in (("ppc64le", SMALL), ("s390x", LARGE)):
            (self.project.root / f"{name}.bin").write_bytes(os.urandom(size))
        return self.project.commit()

    @property
    def more(self) -> Mapping[str, str]:
        return {**super().more, **self.docker_logins}


@dataclass
class CopyingBehind(Behind, Copying):
    """`copy` of a layout or, with `source`, of what stands in a registry."""

    source: Line | None = None

    @property
    def crossed(self) -> Sequence[Line]:
        return [*self.lines, *([self.source] if self.source else [])]

    def renew(self) -> str:
        name = f"{next(self.machines)} {os.urandom(4).hex()}"
        new_layout(self.project.root / "layout", name, LARGE)
        if self.source:
            to = f"{self.source.registry.host}/{REPOSITORY}:{NAME}"
            said = self.warm.start(self.fresh(), "copy", f"oci:layout:{NAME}", to).wait()
            assert said.code == 0, said
        return name

    @property
    def words(self) -> Sequence[str]:
        origin = f"{self.source.host}/{REPOSITORY}:{NAME}" if self.source else f"oci:layout:{NAME}"
        places = [f"{line.host}/{REPOSITORY}:{tag}" for line in self.lines for tag in TAGS]
        return ("copy", "--json", origin, *places)

    @property
    def more(self) -> Mapping[str, str]:
        return self.docker_logins


@dataclass
class Trials:
    """The grounds by command; what comes to one of them is judged here."""

    grounds: Mapping[str, Behind]
    elapsed_s: float = 0

    def run(self, command: str, rules: Mapping[int, Sequence[Rule]], *words: str) -> Said:
        """One run while things go wrong on lines, by number; then hold the rule against it.

        Afterwards all is well again, and all tags of all registries show what is new.
        """
        ground = self.grounds[command]
        ground.revision = ground.renew()
        crossed = [line for line in ground.crossed if line.proxy]
        for line in crossed:
            line.mend()
        for number, spoilt in rules.items():
            crossed[number].spoil(*spoilt)
        begun = time.monotonic()
        said = ground.run(ground.fresh(), *words)
        self.elapsed_s = time.monotonic() - begun
        seen = [list(line.seen) for line in crossed]
        for line in crossed:
            line.mend()
        hit = [each for number in rules for each in seen[number] if each.fault]
        assert hit or "deadline-passed" in said.stdout, "there was no such request"
        when = (command, [f"{each.method} {each.path}: {each.fault}" for each in hit[:3]])
        ground.judge(when)
        assert ground.tally.neither == [], ground.tally.neither
        found = ground.look()
        ground.hold(said, found)
        if said.code == 0:
            ground.old = ground.one()
            ground.count(seen)
        else:
            ground.converge(ground.run(ground.fresh()), (when, said))
        for other in self.grounds.values():  # they all have the same repository
            other.old = ground.old
        ground.sweep()
        return said
