"""What Buildah prints during a build, as a person follows it."""

import re
from collections import deque
from collections.abc import Mapping, Sequence

from polyarch.engines.failure import Evidence
from polyarch.engines.salt import LABEL
from polyarch.engines.transcript import LAST_LINES, Transcript
from polyarch.oci.platform import Platform

_STEP = re.compile(r"^(?:\[\d+/\d+\] )?STEP (\d+)/(\d+): (.*)$")
_NOISE = re.compile(r"\[Warning\] one or more build args were not consumed")
_VERDICT = re.compile(r"^(Error: |time=\S+ level=(error|fatal) )|did not get container")
_NO_SUCH_NAME = re.compile(r"no stage or image found with that name")
"""All that Buildah says of an image for COPY --from that it could not pull."""
_MISMATCH = re.compile(
    r"image platform \(\{(?P<found>[^}]*)\}\) does not match the expected platform"
    r" \(\{(?P<wanted>[^}]*)\}\)"
)


class BuildahOutput:
    """Turns Buildah's lines into the lines and steps of one build."""

    def __init__(self, transcript: Transcript) -> None:
        self._transcript = transcript
        self._verdict: list[str] = []
        self._step = ""
        self._printed: deque[str] = deque(maxlen=LAST_LINES)
        self.mixed_base = False
        """Whether Buildah took a base of a platform that does not satisfy the one asked for."""
        self.names: Mapping[str, str] = {}
        """What people call the images that Buildah knows by an ID."""
        self.pull_problems: Sequence[str] = ()
        """Why images that the Dockerfile may name could not be pulled."""

    def feed(self, line: str) -> None:
        """One line of stdout or stderr."""
        if _NOISE.search(line):
            return
        for image, name in self.names.items():
            line = line.replace(image, name)
        if found := _STEP.match(line):
            self._step = found[3]
            self._printed.clear()
            self._transcript.note(line)
            if LABEL not in line:
                self._transcript.step(line, done=int(found[1]) - 1, total=int(found[2]))
            return
        if _VERDICT.search(line):
            self._verdict.append(line)
        self._printed.append(line)
        self.pulled(line)

    def forget(self) -> None:
        """The build begins again: what went wrong before explains nothing any more."""
        self._verdict.clear()
        self._printed.clear()

    def pulled(self, line: str) -> None:
        """One line of a pull before the build: if it fails, the build has the last word on it."""
        if (found := _MISMATCH.search(line)) and not _satisfies(found["found"], found["wanted"]):
            self.mixed_base = True
            self._transcript.warn(f"a base is for another platform: {line}")
        self._transcript.line(line)

    @property
    def evidence(self) -> Evidence:
        """The step that ran last, what it printed last, and what Buildah itself says."""
        last = tuple(self._printed)
        verdict = tuple(self._verdict)
        if any(map(_NO_SUCH_NAME.search, verdict)):
            verdict = (*self.pull_problems, *verdict)
        if not verdict:
            return Evidence(verdict=last, step=self._step)
        return Evidence(verdict=verdict, steps=last, step=self._step)


def _satisfies(found: str, wanted: str) -> bool:
    return _go_platform(found).satisfies(_go_platform(wanted))


def _go_platform(text: str) -> Platform:
    """Go's `%v` of a platform: `arm64 linux  [] v8` (version and features may be empty)."""
    before, _, variant = text.partition("]")
    words = before.split()
    architecture, os = ([*words, "unknown", "unknown"])[:2]
    return Platform.of(os, architecture, variant.strip())
