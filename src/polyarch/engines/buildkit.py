"""A BuildKit build as a person follows it: steps that begin and end, and what they print."""

from polyarch.engines.caching import EXPORTING, IMPORTING
from polyarch.engines.failure import Evidence
from polyarch.engines.rawjson import Decoder, SolveStatus, Task, Vertex
from polyarch.engines.transcript import LAST_LINES, Transcript

_QUIET = ("[internal]", "[auth]", "resolve image config")
"""Steps that nobody asked for: in the log, not among the steps told."""

_CANCELED = "context canceled"
"""The error of steps that were stopped because another one failed."""

_BASE_OF_OTHER_PLATFORM = "InvalidBaseImagePlatform"
"""BuildKit's name (since 0.15) for a base that exists for another platform only."""


class BuildProgress:
    """Turns the raw JSON stream into the lines and steps of one build."""

    def __init__(self, transcript: Transcript) -> None:
        self._transcript = transcript
        self._decoder = Decoder()
        self._numbers: dict[str, int] = {}
        self._begun: set[int] = set()
        self._ended: set[int] = set()
        self._steps: dict[str, Vertex] = {}
        self._tasks: dict[tuple[str, str], Task] = {}
        self._partial: dict[str, str] = {}
        self._printed: dict[str, list[str]] = {}
        self._failed: Vertex | None = None
        self._words: list[str] = []

    def feed(self, line: str) -> bool:
        """One line of what buildx prints; answers whether it says anything new.

        A step that is told again as it was is no sign of life.
        """
        news = [self._is_news(item) for item in self._decoder.feed(line)]
        return any(news)

    def finish(self) -> None:
        """The stream is over: half lines count as lines now."""
        for item in self._decoder.finish():
            self._take(item)
        for vertex in tuple(self._partial):
            self._flush(vertex)

    @property
    def evidence(self) -> Evidence:
        """What tells most about a failure: the failed step, its last output, the error."""
        words = tuple(line for line in self._words if line.strip())
        errors = tuple(line for line in words if line.startswith("ERROR:"))
        if self._failed is None:
            step = self._at_work()
            return Evidence(step=step, verdict=errors or words, steps=self._transcript.last_lines)
        printed = tuple(self._printed.get(self._failed.digest, ()))
        verdict = errors[-1:] or (self._failed.error,)
        return Evidence(step=self._failed.name, verdict=verdict, steps=printed)

    def _at_work(self) -> str:
        """The step that began last of those that did not come to their end."""
        begun = [
            vertex
            for vertex in self._steps.values()
            if vertex.started and (vertex.completed is None or _CANCELED in vertex.error)
        ]
        return max(begun, key=lambda vertex: self._numbers[vertex.digest]).name if begun else ""

    def _is_news(self, item: SolveStatus | str) -> bool:
        """Take it, and say whether it differs from what was known."""
        if isinstance(item, str):
            self._take(item)
            return bool(item.strip())
        news = [vertex != self._steps.get(vertex.digest) for vertex in item.vertexes]
        for task in item.tasks:
            news.append(task != self._tasks.get((task.vertex, task.id)))
            self._tasks[task.vertex, task.id] = task
        self._take(item)
        return any(news) or bool(item.outputs or item.warnings)

    def _take(self, item: SolveStatus | str) -> None:
        if isinstance(item, str):
            self._words.append(item)
            self._transcript.line(item)
            return
        for vertex in item.vertexes:
            self._vertex(vertex)
        for output in item.outputs:
            self._output(output.vertex, output.text)
        for warning in item.warnings:
            self._transcript.note(f"warning: {warning}")
            if warning.startswith(_BASE_OF_OTHER_PLATFORM):
                self._transcript.warn(warning)

    def _vertex(self, vertex: Vertex) -> None:
        # A step is told many times, and may even start and end more than once: first time counts.
        self._steps[vertex.digest] = vertex
        number = self._numbers.setdefault(vertex.digest, len(self._numbers) + 1)
        if vertex.started and number not in self._begun:
            self._begun.add(number)
            self._transcript.note(f"#{number} {vertex.name}")
            if not vertex.name.startswith(_QUIET):
                self._transcript.step(vertex.name, done=self._done(), total=len(self._steps))
        if vertex.completed:
            self._flush(vertex.digest)
        if vertex.error:
            if vertex.name.startswith(EXPORTING):
                self._transcript.warn(f"its layers could not be cached: {vertex.error}")
            # That there is no cache yet fails no build, and must not be taken for what did.
            if _CANCELED not in vertex.error and not vertex.name.startswith(IMPORTING):
                self._failed = self._failed or vertex
            self._transcript.note(f"#{number} ERROR: {vertex.error}")
        elif vertex.completed and number not in self._ended:
            self._ended.add(number)
            end = "CACHED" if vertex.cached else f"DONE {vertex.seconds:.1f}s"
            self._transcript.note(f"#{number} {end}")

    def _done(self) -> int:
        return sum(1 for vertex in self._steps.values() if vertex.completed)

    def _output(self, vertex: str, text: str) -> None:
        *lines, rest = (self._partial.get(vertex, "") + text).split("\n")
        for line in lines:
            self._print(vertex, line)
        self._partial[vertex] = rest

    def _flush(self, vertex: str) -> None:
        if text := self._partial.pop(vertex, ""):
            self._print(vertex, text)

    def _print(self, vertex: str, line: str) -> None:
        # A carriage return lets a progress bar write over itself: only its last state is kept.
        text = line.rstrip("\r").rpartition("\r")[2]
        kept = self._printed.setdefault(vertex, [])
        kept.append(text)
        del kept[:-LAST_LINES]
        self._transcript.line(f"#{self._numbers.get(vertex, 0)} {text}")
