"""Machines of the config that were to build, and did not."""

from collections.abc import Sequence

from polyarch.errors.base import PolyarchError, shorten
from polyarch.errors.host import EngineUnusableError, HostError


class StrategyUnmetError(HostError):
    """Nothing may build a platform as is demanded; `problems` are (who, what is wrong).

    `demand` completes the sentence, as `natively`.
    """

    code = "strategy-unmet"

    def __init__(
        self,
        image: str,
        platform: str,
        demand: str,
        problems: Sequence[tuple[str, str]],
        *,
        hint: str,
    ) -> None:
        listed = "".join(f"\n  {who}: {shorten(problem, 300)}" for who, problem in problems)
        super().__init__(
            f"nothing can build `{image}` for {platform} {demand}{listed}",
            where=f"image `{image}`, platform `{platform}`, and `[builders]`",
            hint=hint,
        )
        self.image = image
        self.platform = platform


class BuilderLostError(EngineUnusableError):
    """A builder that went away with builds that nobody else may do.

    `builds` are theirs, `problem` what was seen of it, `advice` what may bring it back.
    """

    code = "builder-lost"

    def __init__(
        self, builder: str, builds: Sequence[str], problem: str, *, advice: str | None = None
    ) -> None:
        PolyarchError.__init__(
            self,
            f"the builder `{builder}` was lost, and no other one may build {', '.join(builds)}: "
            f"{shorten(problem, 300)}",
            where=f"`[builders.{builder}]`",
            hint=(f"{advice}; " if advice else "")
            + "bring it back and try again, or configure a second builder for these platforms",
        )
        self.engine = builder
        self.problem = problem
        self.advice = advice
