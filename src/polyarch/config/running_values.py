"""The tables around runs made into the values of `running`."""

from collections.abc import Mapping

from polyarch.config.keeping_tables import PruneTable, WatchTable
from polyarch.config.running import (
    NotifySettings,
    PruneSettings,
    RunsSettings,
    TriggerSettings,
    WatchSettings,
)
from polyarch.config.running_forms import CI_STORE, LOCAL_STORE
from polyarch.config.running_tables import NotifyTable, RunsTable, TriggersTable
from polyarch.config.values import seconds
from polyarch.oci.reference import Repository

Values = Mapping[str, object]


def notify_settings(values: Values) -> NotifySettings:
    """Who is told."""
    table = NotifyTable.of(values)
    return NotifySettings(
        on=tuple(table.on), urls_env=table.urls_env, secret_env=table.secret_env or ""
    )


def trigger_settings(values: Values) -> TriggerSettings:
    """What starts the generated pipeline."""
    table = TriggersTable.of(values)
    return TriggerSettings(
        branches=table.branches,
        tags=table.tags,
        release=table.release,
        schedule=table.schedule,
        watch=table.watch or "",
        dispatch=table.dispatch,
        pull_request=table.pull_request,
    )


def runners_of(values: Values) -> dict[str, str]:
    """Labels by the beginnings of platforms."""
    return {prefix: str(label) for prefix, label in values.items()}


def runs_settings(values: Values) -> RunsSettings:
    """Where records stay."""
    table = RunsTable.of(values)
    elsewhere = table.store not in {LOCAL_STORE, CI_STORE}
    return RunsSettings(
        keep=table.keep,
        repository=Repository.parse(table.store) if elsewhere else None,
        in_ci=table.store == CI_STORE,
    )


def watch_settings(values: Values) -> WatchSettings:
    """What counts as well."""
    table = WatchTable.of(values)
    return WatchSettings(nightly_max_age_s=seconds(table.nightly_max_age), sample=table.sample)


def prune_settings(values: Values) -> PruneSettings:
    """What may go."""
    table = PruneTable.of(values)
    return PruneSettings(
        max_age_s=seconds(table.max_age), keep=table.keep, keep_tags=table.keep_tags
    )
