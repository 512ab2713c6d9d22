"""The texts of the config worked out for one event: names, and expressions in build arguments."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from polyarch.config.project import BuildSettings, ImageSettings
from polyarch.host.ci_event import CiEvent
from polyarch.host.repository import RepositoryFacts
from polyarch.metadata.render import render_text
from polyarch.metadata.template import as_is
from polyarch.pipeline.naming import Names, name_image


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """Pure: the same event and facts give the same texts. `describe`: what `git describe` says."""

    event: CiEvent
    repository: RepositoryFacts
    now: datetime
    describe: str = ""
    _known: dict[str, Names] = field(default_factory=dict, compare=False, repr=False)

    def names(self, image: ImageSettings) -> Names:
        """What an image is called.

        Raises:
            InvalidRuleError, InvalidTemplateError, InvalidTagError: its rules are wrong.
        """
        if image.name not in self._known:
            self._known[image.name] = name_image(
                image, self.event, self.repository, self.now, describe=self.describe
            )
        return self._known[image.name]

    def render(
        self, image: ImageSettings, text: str, key: str, write: Callable[[str], str] = as_is
    ) -> str:
        """A text of the image's table; `key` says where in it, `write` how values are written.

        Raises:
            InvalidTemplateError: an expression in it cannot be worked out.
        """
        return render_text(
            text,
            self.event,
            self.names(image).version,
            now=self.now,
            where=f"images.{image.name}.{key}",
            describe=self.describe,
            write=write,
        )

    def build_args(self, image: ImageSettings, build: BuildSettings) -> dict[str, str]:
        """The build arguments for one of its platforms.

        Raises:
            InvalidTemplateError: an expression in one cannot be worked out.
        """
        return {
            key: self.render(image, value, f"build-args.{key}")
            for key, value in build.build_args.items()
        }
