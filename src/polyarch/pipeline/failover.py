"""One build asked of one engine, and whose fault it is when that does not work."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from polyarch.content.layout import LayoutStore
from polyarch.engines.base import BuildRequest, Built, Engine
from polyarch.errors import (
    BuilderLostError,
    BuildFailedError,
    EmulatorMissingError,
    EngineUnusableError,
    shorten,
)
from polyarch.events import Listener, Warned

_NOT_PUSHED = "failed to push"
"""In BuildKit's words where an image was built and a registry did not take it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What is asked of an engine; `builder` is empty for one of this machine.

    `is_over` tells whether everything is being ended, so that no failure means anything.
    """

    engine: Engine
    builder: str
    request: BuildRequest
    layout: LayoutStore
    listen: Listener
    is_over: Callable[[], bool]

    def run(self) -> Built:
        """Let the engine build; what a builder's engine cannot do any more is the builder's loss.

        An image that a builder cannot push is fetched instead.

        Raises:
            BuilderLostError: the builder cannot be used, or does not answer after a build failed.
            BuildFailedError, EngineUnusableError, StorageError: as the engine says.
        """
        try:
            return self.engine.build(self.request, self.layout, self.listen)
        except EmulatorMissingError:
            raise
        except EngineUnusableError as error:
            if not self.builder or self.is_over():
                raise
            raise self._lost(error.message, error.hint) from error
        except BuildFailedError as error:
            if not self.builder or self.is_over():
                raise
            if refusal := self._refusal(error):
                self.listen(Warned(text=refusal))
                return replace(self, request=replace(self.request, push_to="")).run()
            # An Engine that is stopped ends its steps first: they look like failures of their own.
            info = self.engine.probe()
            if info.problem is None:
                raise
            raise self._lost(info.problem, info.hint) from error

    def _lost(self, problem: str, hint: str | None) -> BuilderLostError:
        what = f"{self.request.image} {self.request.platform}"
        return BuilderLostError(self.builder, [what], problem, advice=hint)

    def _refusal(self, error: BuildFailedError) -> str:
        """That a registry did not take what was pushed; empty for all else."""
        told = [line for line in error.last_lines if _NOT_PUSHED in line]
        if not self.request.push_to or not told:
            return ""
        return (
            f"builder `{self.builder}` cannot push to {self.request.push_to}, so the image is"
            f" fetched here: {shorten(told[0], 300)}"
        )
