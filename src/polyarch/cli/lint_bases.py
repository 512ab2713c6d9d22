"""The look-up of base images for one call of `lint`: layouts, what is kept, and registries."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from polyarch.cli.event import is_pull_request
from polyarch.cli.invocation import Invocation
from polyarch.errors import LayoutNotFoundError

if TYPE_CHECKING:
    from polyarch.config.project import Project
    from polyarch.dockerfile.lint.lookup import BaseLookup


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Where base images may be looked up; `keeps` uses what earlier calls have found."""

    online: bool
    layouts: tuple[str, ...]
    keeps: bool

    @contextmanager
    def up(
        self, invocation: Invocation, project: "Project | None"
    ) -> "Iterator[BaseLookup | None]":
        """The look-up, as long as the block lasts; None where there is nowhere to look.

        Raises:
            LayoutNotFoundError: a layout is not there.
            MalformedManifestError: a folder is no layout.
            EventFileError: the CI's event file is broken.
        """
        if not (self.online or self.layouts or self.keeps):
            yield None
            return
        from polyarch.content.layout import LayoutStore
        from polyarch.pipeline.known_layers import remembered_layers
        from polyarch.pipeline.lint_bases import Bases
        from polyarch.pipeline.lint_cache import FILE, BaseCache
        from polyarch.pipeline.lint_shops import LayoutShop, RegistryShop
        from polyarch.pipeline.reach import Reach

        surroundings = invocation.surroundings
        root = project.root if project else None
        with ExitStack() as stack:
            listen = stack.enter_context(invocation.progress())
            world = invocation.world(listen, root=root, now=None)
            local: list[LayoutShop] = []
            for name in self.layouts:
                folder = surroundings.folder / name
                if not folder.is_dir():
                    raise LayoutNotFoundError(f"--layout {name}", str(folder))
                layout = LayoutStore(folder)
                layout.check()
                local.append(LayoutShop(layout=layout))
            remote = None
            if self.online:
                anonymous = is_pull_request(surroundings, root or surroundings.folder)
                reach = Reach(project, world, anonymous=anonymous)
                remote = RegistryShop(registries=stack.enter_context(reach.blocking()))
            path = world.state / FILE if self.online or self.keeps else None
            cache = BaseCache(path=path, now=world.now)
            memory = remembered_layers(world.state)
            yield Bases(
                local=tuple(local), remote=remote, cache=cache, memory=memory, listen=listen
            )
            cache.save()
