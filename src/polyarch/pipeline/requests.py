"""One line of a plan to what an engine is asked: every name resolved, nothing left to look up."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from polyarch.checks.allow import Allowances
from polyarch.config.project import BuildSettings, ImageSettings, Project
from polyarch.dockerfile.pinned import pinned_text
from polyarch.dockerfile.read import read_dockerfile
from polyarch.engines.base import (
    Bounds,
    BuildRequest,
    DirectRecipe,
    ImageContext,
    LayerCache,
    NamedContext,
    RegistryLogin,
)
from polyarch.errors import InvalidReferenceError
from polyarch.host.ci_event import CiEvent
from polyarch.oci.reference import Repository, parse_reference
from polyarch.pipeline.base_files import files_of_base
from polyarch.pipeline.build import PartsByImage
from polyarch.pipeline.build_secrets import SecretKeeper
from polyarch.pipeline.caches import Folders, layer_cache, lines_of, repositories_of
from polyarch.pipeline.contexts import context_of, dockerfile_for_engine, dockerfile_of
from polyarch.pipeline.facts import Facts
from polyarch.pipeline.inputkey import NOT_INPUT
from polyarch.pipeline.laid_programs import looking_for
from polyarch.pipeline.material import Source
from polyarch.pipeline.naming import commit_time
from polyarch.pipeline.part import PartsFolder
from polyarch.pipeline.plan import ImagePlan, Plan, PlannedPlatform
from polyarch.pipeline.reach import Reach
from polyarch.pipeline.recipe import make_recipe
from polyarch.pipeline.recipe_system import Equipment
from polyarch.pipeline.standing import Standing
from polyarch.runs.folder import RunFolder


@dataclass(frozen=True, slots=True, kw_only=True)
class Requester:
    """Makes requests for one run; `scratch` is a folder for copies of Dockerfiles.

    `push_to` has the repository of each image that builders push to by digest.
    """

    project: Project
    event: CiEvent
    facts: Facts
    standing: Standing
    run: RunFolder
    scratch: Path
    reach: Reach
    push_to: Mapping[str, Repository] = field(default_factory=dict)
    no_cache: bool = False
    sandbox: bool = False

    @property
    def keeper(self) -> SecretKeeper:
        """Finds secrets and keys."""
        return SecretKeeper(project=self.project, event=self.event, world=self.reach.world)

    def __call__(
        self, image: ImagePlan, planned: PlannedPlatform, bases: PartsByImage
    ) -> BuildRequest:
        """The request for one platform of one image.

        Raises:
            InvalidTemplateError: an expression in a build argument cannot be worked out.
            BaseNotPublishedError, PlatformNotInBaseError, RegistryError: the base cannot be had.
            MissingVariableError, CredentialUnreadableError: a login of the config gives nothing.
            BuildSecretError: a secret or an SSH agent of the config is not there.
        """
        settings = self.project.images[image.name].for_platform(planned.platform)
        source = self.facts.sources[image.name, planned.platform]
        contexts = self.standing.contexts(image, planned, bases)
        cache = self._cache(image, settings, planned)
        push_to = self.push_to.get(image.name) if planned.builder else None
        repositories = (
            *([push_to] if push_to else []),
            *_repositories(source, contexts),
            *repositories_of(cache),
        )
        return BuildRequest(
            image=image.name,
            platform=planned.platform,
            project=self.project.root,
            context=context_of(self.project, settings),
            dockerfile=self._dockerfile(image, planned, settings) if source.graph else None,
            target=settings.target,
            build_args=self.facts.wording.build_args(self._settings(image), settings),
            syntax=self._syntax(source),
            labels={k: v for k, v in planned.labels.items() if k not in NOT_INPUT},
            contexts=contexts,
            base=self.standing.base(image, planned, bases),
            created=int(commit_time(self.event).timestamp()),
            network=settings.network or "",
            no_cache=self.no_cache or planned.anew in {"aged", "scheduled"},
            plain_http=self._plain_hosts(repositories),
            logins=self._logins(repositories),
            direct=self._recipe(image, planned, settings, bases) if not source.graph else None,
            secrets=self.keeper.secrets(image.name, settings),
            ssh=self.keeper.keys(image.name, settings),
            cache=cache,
            bounds=Bounds(whole_s=settings.timeout_s, silent_s=settings.stall_timeout_s),
            push_to=str(push_to) if push_to else "",
            emulated=planned.strategy == "emulated",
            log=self.run.build_log(image.name, planned.platform.slug),
            mask=self.reach.world.mask,
        )

    def _syntax(self, source: Source) -> str:
        """The frontend that the Dockerfile names, by the digest that stands in the plan."""
        known = self.facts.bases.get(((source.syntax,), self.facts.machine.platform))
        return str(known.pinned if known else self.facts.locked.pins.get(source.syntax, ""))

    def check(self, plan: Plan, parts: PartsFolder | None) -> None:
        """See, before anything is built, that builds can be given their secrets and keys.

        Those whose part is in `parts` already are asked for when they are built after all.

        Raises:
            BuildSecretError: a variable is not set, a file cannot be read, or no agent runs.
        """
        for image in plan.images:
            for planned in image.platforms:
                known = parts.read(image.name, planned.platform) if parts else None
                there = known is not None and known.input_key == planned.input_key
                if not (planned.source or planned.reuse or there):
                    self.keeper.check(image.name, planned.platform)

    def _cache(
        self, image: ImagePlan, settings: BuildSettings, planned: PlannedPlatform
    ) -> LayerCache:
        usual = self.event.default_branch or self.facts.wording.repository.default_branch
        lines = lines_of(self.event, usual, sandbox=self.sandbox)
        folders = Folders(project=self.project.root, state=self.reach.world.state)
        cache = layer_cache(settings.cache, self._settings(image), planned.platform, lines, folders)
        return replace(cache, sources=()) if self.no_cache else cache

    def _settings(self, image: ImagePlan) -> ImageSettings:
        return self.project.images[image.name]

    def _dockerfile(
        self, image: ImagePlan, planned: PlannedPlatform, settings: BuildSettings
    ) -> Path:
        folder = self.scratch / "dockerfiles" / image.name / planned.platform.slug
        graph = self.facts.sources[image.name, planned.platform].graph
        pins = self.standing.pins(image, planned)
        text: str | None = None
        if graph and pins:
            text = pinned_text(read_dockerfile(dockerfile_of(self.project, settings)), graph, pins)
        return dockerfile_for_engine(self.project, settings, folder, text)

    def _recipe(
        self,
        image: ImagePlan,
        planned: PlannedPlatform,
        settings: BuildSettings,
        bases: PartsByImage,
    ) -> DirectRecipe | None:
        if settings.direct is None:
            return None
        base = self.standing.recipe_base(image, planned, bases)
        render = partial(self.facts.wording.render, self._settings(image))
        equipment = Equipment(
            settings=settings.direct,
            platform=planned.platform,
            project=self.project.root,
            key=f"images.{image.name}.direct",
            read_base=partial(files_of_base, base, self.standing.registries),
            look_at=looking_for(planned.platform, Allowances.of(self.project.verify.allow)),
        )
        return equipment.add_to(make_recipe(settings.direct, base, render))

    def _plain_hosts(self, repositories: Iterable[Repository]) -> tuple[str, ...]:
        hosts = {repository.registry for repository in repositories}
        return tuple(sorted(host for host in hosts if self.reach.endpoint(host).is_plain))

    def _logins(self, repositories: Iterable[Repository]) -> tuple[RegistryLogin, ...]:
        """Those that only polyarch knows; of two for one host the first: engines take one."""
        found: dict[str, RegistryLogin] = {}
        for repository in repositories:
            login = self.reach.keychain.lookup(repository)
            if login.is_ours:
                host = repository.registry
                found.setdefault(
                    host, RegistryLogin(host=host, username=login.username, secret=login.secret)
                )
        return tuple(found.values())


def _repositories(source: Source, contexts: Mapping[str, NamedContext]) -> tuple[Repository, ...]:
    """What the engine may have to pull from registries."""
    named = (each.reference for each in contexts.values() if isinstance(each, ImageContext))
    found: dict[Repository, None] = {}
    for text in (*source.externals, *named):
        try:
            found[parse_reference(text).repository] = None
        except InvalidReferenceError:
            continue
    return tuple(found)
