"""Typed tables made into the values of `project`."""

from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from polyarch.config.build_tables import PlatformTable, SmokeTestTable
from polyarch.config.builder_table import BuilderTable
from polyarch.config.direct import DirectFile, DirectSettings, HealthCheck
from polyarch.config.direct_table import DirectTable, HealthcheckTable
from polyarch.config.keys import keys_of
from polyarch.config.merge import DEFAULT_SOURCES, Leaf, Tree, leaves, plain
from polyarch.config.project import (
    BuilderSettings,
    BuildSettings,
    SmokeTest,
    Value,
)
from polyarch.host.git_url import is_git
from polyarch.oci.platform import Platform, unique

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DOCKERFILE = "Dockerfile"


def frozen(values: Mapping[str, str]) -> Mapping[str, str]:
    """A copy that nobody can change."""
    return MappingProxyType(dict(values))


def with_dockerfile(tree: Tree) -> Tree:
    """The tree with the default of `dockerfile`, which stands in the context."""
    context = tree.get("context")
    if "dockerfile" in tree or not isinstance(context, Leaf):
        return tree
    text = str(context.value)
    path = _DOCKERFILE if is_git(text) else str(PurePosixPath(text, _DOCKERFILE))
    return {**tree, "dockerfile": Leaf(value=path, sources=DEFAULT_SOURCES)}


def build_settings(tree: Tree) -> BuildSettings:
    """The settings of one platform, or those that all platforms share."""
    keys = keys_of(PlatformTable)
    table = PlatformTable.of({name: value for name, value in plain(tree).items() if name in keys})
    return BuildSettings(
        context=table.context,
        dockerfile=table.dockerfile or _DOCKERFILE,
        target=table.target,
        contexts=frozen(table.contexts),
        build_args=frozen(table.build_args),
        labels=frozen(table.labels),
        engine=table.engine,
        direct=_direct(table.direct) if table.direct else None,
        smoke_test=tuple(_smoke_tests(table.smoke_test)),
        alias_tags=table.alias_tags,
        source=table.source,
        secrets=table.secrets,
        ssh=table.ssh,
        cache=table.cache,
        network=table.network,
        strategy=table.strategy,
        allow_emulation=table.allow_emulation,
        timeout_s=_perhaps(table.timeout),
        stall_timeout_s=_perhaps(table.stall_timeout),
        values=values_of(tree),
    )


def values_of(tree: Tree) -> tuple[Value, ...]:
    """Every value of a tree with its sources."""
    return tuple(
        Value(path=path, value=leaf.value, sources=leaf.sources) for path, leaf in leaves(tree)
    )


def seconds(duration: str) -> int:
    """A duration such as `30m`."""
    return int(duration[:-1]) * _SECONDS[duration[-1]]


def _perhaps(duration: str | None) -> int | None:
    return None if duration is None else seconds(duration)


def builder_settings(name: str, tree: Tree, root: Path) -> BuilderSettings:
    """One builder; paths are made absolute from `root`."""
    table = BuilderTable.of(plain(tree))
    return BuilderSettings(
        name=name,
        platforms=unique(Platform.parse(text) for text in table.platforms),
        endpoint=table.endpoint,
        driver=table.driver,
        tls=root / table.tls if table.tls else None,
        image=table.image or "",
        driver_opts=frozen(table.driver_opts),
        network=table.network or "",
        parallel=table.parallel,
        max_parallelism=table.max_parallelism,
        keep_storage=table.keep_storage or "",
        values=values_of(tree),
    )


def _direct(table: DirectTable) -> DirectSettings:
    return DirectSettings(
        base=table.base,
        preset=table.preset or "",
        run=table.run,
        run_env=frozen(table.run_env),
        env=frozen(table.env),
        files=tuple(
            DirectFile(
                source=file.source,
                target=file.target,
                mode=None if file.mode is None else int(file.mode, base=8),
                layer=file.layer or "",
            )
            for file in table.files
        ),
        entrypoint=table.entrypoint,
        cmd=table.cmd,
        working_dir=table.working_dir,
        user=table.user,
        ports=tuple(str(port) for port in table.ports),
        volumes=table.volumes,
        stop_signal=table.stop_signal,
        healthcheck=_healthcheck(table.healthcheck) if table.healthcheck else None,
        certificates=table.ca_certificates,
    )


def _healthcheck(table: HealthcheckTable) -> HealthCheck:
    return HealthCheck(
        command=table.cmd,
        interval_s=_perhaps(table.interval),
        timeout_s=_perhaps(table.timeout),
        start_period_s=_perhaps(table.start_period),
        retries=table.retries,
    )


def _smoke_tests(items: tuple[str | SmokeTestTable, ...]) -> Iterable[SmokeTest]:
    words = tuple(item for item in items if isinstance(item, str))
    if words:
        yield SmokeTest(run=words)
    for item in items:
        if isinstance(item, SmokeTestTable):
            timeout_s = seconds(item.timeout)
            yield SmokeTest(run=item.run, exit=item.exit, matches=item.matches, timeout_s=timeout_s)
