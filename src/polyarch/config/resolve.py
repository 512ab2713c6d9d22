"""From a checked document to a `Project`: layers chosen, merged, expanded and made into values."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import MappingProxyType

from polyarch.config.build_tables import PlatformTable
from polyarch.config.builder_table import BuilderTable
from polyarch.config.document import Document
from polyarch.config.keeping_tables import PruneTable, WatchTable
from polyarch.config.keys import keys_of
from polyarch.config.merge import (
    Layer,
    Leaf,
    Tree,
    default_layer,
    environment_layer,
    file_layer,
    flag_layer,
    map_texts,
    merge,
    plain,
)
from polyarch.config.placeholders import expand
from polyarch.config.presets import with_preset
from polyarch.config.problem import Problem, place_of
from polyarch.config.project import (
    BuilderSettings,
    BuildSettings,
    ImageSettings,
    Project,
    PublishSettings,
    Value,
    VerifySettings,
)
from polyarch.config.registries import Registries, lay_over, normal_prefix
from polyarch.config.relations import Values, table_at
from polyarch.config.running_values import (
    notify_settings,
    prune_settings,
    runners_of,
    runs_settings,
    trigger_settings,
    watch_settings,
)
from polyarch.config.schema import (
    ImageTable,
    PublishTable,
    VerifyTable,
)
from polyarch.config.table import Table
from polyarch.config.values import (
    build_settings,
    builder_settings,
    frozen,
    seconds,
    values_of,
    with_dockerfile,
)
from polyarch.errors import InvalidReferenceError
from polyarch.metadata.policy import PublishRule
from polyarch.metadata.version_tag import sample_of
from polyarch.oci.platform import Platform, unique
from polyarch.oci.reference import Repository

_PLATFORM = "platform"
_REGISTRIES = "registries"
_BUILDERS = "builders"
_UPKEEP: Mapping[str, type[Table]] = {"watch": WatchTable, "prune": PruneTable}
_LOGIN_KEYS = ("username-env", "password-env")


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """What a flag of the command line sets for every image, and for publishing.

    The tables have the keys of `[defaults]` and `[publish]`.
    """

    flag: str
    image: Mapping[str, object] = field(default_factory=dict)
    publish: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolver:
    """One document, one choice of environment and overrides."""

    document: Document
    clean: Values
    environment: str | None
    overrides: Sequence[Override]
    problems: list[Problem]

    def project(self) -> Project:
        """The whole project; what cannot be resolved is added to `problems`."""
        images = {name: self._image(name) for name in table_at(self.clean, "images")}
        publish = self._publish()
        idle = (
            line
            for image in images.values()
            for line in (
                *self._unused(image),
                *self._without_place(image),
                *self._unpublished(image, publish),
            )
        )
        file = self.document.file.absolute()
        return Project(
            root=file.parent,
            file=file,
            environment=self.environment,
            images=MappingProxyType(images),
            groups=MappingProxyType(self._groups()),
            publish=publish,
            verify=self._verify(),
            registries=Registries(root=file.parent, tables=MappingProxyType(self._registries())),
            builders=MappingProxyType(self._builders(file.parent)),
            notify=notify_settings(table_at(self.clean, "notify")),
            triggers=trigger_settings(table_at(self.clean, "triggers")),
            runners=MappingProxyType(runners_of(table_at(self.clean, "runners"))),
            runs=runs_settings(table_at(self.clean, "runs")),
            watch=watch_settings(table_at(self.clean, "watch")),
            prune=prune_settings(table_at(self.clean, "prune")),
            environments=tuple(table_at(self.clean, "environments")),
            secret_variables=tuple(dict.fromkeys(self._secret_variables())),
            warnings=tuple(idle),
            upkeep={name: self._values(name, table) for name, table in _UPKEEP.items()},
        )

    def _image(self, name: str) -> ImageSettings:
        inherited = [self._file_layer("defaults"), self._file_layer("images", name)]
        upper = [
            *self._environment_layers("repositories"),
            *(flag_layer(one.image, one.flag) for one in self.overrides),
        ]
        base = [default_layer(ImageTable), *inherited]
        everywhere = self._tree([_without_platforms(layer) for layer in (*base, *upper)], name)
        table = ImageTable.of(plain(everywhere))
        platforms = unique(Platform.parse(text) for text in table.platforms)
        shared = build_settings(everywhere)
        return ImageSettings(
            **{one.name: getattr(shared, one.name) for one in fields(shared)},
            name=name,
            platforms=platforms,
            repositories=tuple(self._repositories(everywhere, table.repositories)),
            tags=table.tags,
            annotations=frozen(table.annotations),
            annotation_levels=table.annotation_levels,
            flavor=table.flavor,
            tag_policy=table.tag_policy,
            version_tag=table.version_tag,
            digest_policy=table.digest_policy,
            public=table.public,
            cache_tag=table.cache_tag,
            reuse=table.reuse,
            max_age_s=seconds(table.max_age),
            schedule_rebuilds=table.schedule_rebuilds,
            gates=table.gates,
            after_publish=table.after_publish,
            per_platform=MappingProxyType(
                {one: self._for_platform(one, name, base, inherited, upper) for one in platforms}
            ),
        )

    def _for_platform(
        self,
        platform: Platform,
        image: str,
        base: Sequence[Layer],
        inherited: Sequence[Layer],
        upper: Sequence[Layer],
    ) -> BuildSettings:
        own = [part for layer in inherited for part in _platform_parts(layer, platform)]
        over = [part for layer in upper for part in _platform_parts(layer, platform)]
        keys = keys_of(PlatformTable)
        layers = [layer.only(keys) for layer in (*base, *own, *upper, *over)]
        return build_settings(self._tree(layers, image))

    def _tree(self, layers: Sequence[Layer], image: str) -> Tree:
        return with_dockerfile(
            map_texts(merge(with_preset(layers)), lambda text: expand(text, image))
        )

    def _repositories(self, tree: Tree, texts: Sequence[str]) -> Iterator[Repository]:
        """The repositories, each once; with a long image's name one may be too long."""
        for text in dict.fromkeys(texts):
            try:
                yield Repository.parse(text)
            except InvalidReferenceError as error:
                leaf = tree.get("repositories")
                path = leaf.sources[-1].path if isinstance(leaf, Leaf) else ()
                self.problems.append(Problem(path=path, message=error.message))

    def _groups(self) -> dict[str, tuple[str, ...]]:
        groups = table_at(self.clean, "groups")
        return {
            name: tuple(dict.fromkeys(str(member) for member in members))
            for name, members in groups.items()
            if isinstance(members, list)
        }

    def _publish(self) -> PublishSettings:
        layers = [
            default_layer(PublishTable),
            self._file_layer("publish"),
            *(layer.part("publish") for layer in self._environment_layers("publish")),
            *(flag_layer(one.publish, one.flag) for one in self.overrides),
        ]
        tree = merge(layers)
        table = PublishTable.of(plain(tree))
        return PublishSettings(
            on=tuple(dict.fromkeys(table.on)),
            on_registry_failure=table.on_registry_failure,
            build_forks=table.build_forks,
            stage_to=table.stage_to,
            values=values_of(tree),
        )

    def _builders(self, root: Path) -> dict[str, BuilderSettings]:
        return {
            name: builder_settings(
                name, merge([default_layer(BuilderTable), self._file_layer(_BUILDERS, name)]), root
            )
            for name in table_at(self.clean, _BUILDERS)
        }

    def _verify(self) -> VerifySettings:
        tree = merge([default_layer(VerifyTable), self._file_layer("verify")])
        table = VerifyTable.of(plain(tree))
        return VerifySettings(allow=table.allow, attach=table.attach, values=values_of(tree))

    def _values(self, name: str, table: type[Table]) -> tuple[Value, ...]:
        return values_of(merge([default_layer(table), self._file_layer(name)]))

    def _registries(self) -> dict[str, Tree]:
        layers = [self._file_layer(), *self._environment_layers(_REGISTRIES)]
        tables: dict[str, Tree] = {}
        for layer in layers:
            for key in table_at(layer.table, _REGISTRIES):
                prefix = normal_prefix(key)
                tree = merge([layer.part(_REGISTRIES, key)])
                tables[prefix] = lay_over(tables.get(prefix, {}), tree)
        return tables

    def _secret_variables(self) -> Iterator[str]:
        places = [(), *(("environments", name) for name in table_at(self.clean, "environments"))]
        for place in places:
            for registry in table_at(self.clean, *place, _REGISTRIES):
                table = table_at(self.clean, *place, _REGISTRIES, registry)
                for key in _LOGIN_KEYS:
                    if isinstance(name := table.get(key), str):
                        yield name
        told = notify_settings(table_at(self.clean, "notify"))
        yield from filter(None, (told.urls_env, told.secret_env))

    def _unused(self, image: ImageSettings) -> Iterator[str]:
        """Overrides for platforms that the image is not built for."""
        place = ("images", image.name, _PLATFORM)
        for text in table_at(self.clean, *place):
            if Platform.parse(text) not in image.platforms:
                where = place_of((*place, text), self.document.lines)
                yield f"{where}: image `{image.name}` is not built for this platform"

    def _without_place(self, image: ImageSettings) -> Iterator[str]:
        """Annotations that a registry has no place for."""
        if "index-descriptor" in image.annotation_levels:
            where = place_of(("images", image.name), self.document.lines)
            yield (
                f"{where}: annotations of image `{image.name}` at the level `index-descriptor`"
                " stand nowhere: in a registry nothing describes an index"
            )

    def _unpublished(self, image: ImageSettings, publish: PublishSettings) -> Iterator[str]:
        """Git tags that select the image and, when they are pushed, publish nothing."""
        if image.version_tag is None:
            return
        sample = sample_of(image.version_tag)
        if not any(PublishRule.parse(item).takes_tag(sample) for item in publish.on):
            where = place_of(("images", image.name), self.document.lines)
            yield (
                f"{where}: pushed tags such as `{sample}` build image `{image.name}` and do not"
                f" publish it: add `tag:{image.version_tag}` to `[publish] on`"
            )

    def _file_layer(self, *path: str) -> Layer:
        table, name = table_at(self.clean, *path), self.document.file.name
        return file_layer(table, path, name=name, lines=self.document.lines)

    def _environment_layers(self, *keys: str) -> Iterator[Layer]:
        if self.environment:
            table = table_at(self.clean, "environments", self.environment)
            name, lines = self.document.file.name, self.document.lines
            yield environment_layer(table, self.environment, name=name, lines=lines).only(keys)


def _without_platforms(layer: Layer) -> Layer:
    return layer.only(keys_of(ImageTable).keys() - {_PLATFORM})


def _platform_parts(layer: Layer, platform: Platform) -> Iterator[Layer]:
    for text in table_at(layer.table, _PLATFORM):
        if Platform.parse(text) == platform:
            yield layer.part(_PLATFORM, text)
