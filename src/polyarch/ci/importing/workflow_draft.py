"""A workflow of GitHub Actions made into a draft of polyarch.toml."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from polyarch.ci.importing.baked_builds import linked_targets, with_bake_files
from polyarch.ci.importing.calls import calls_in
from polyarch.ci.importing.draft import Draft, DraftImage, TomlValue, short_names
from polyarch.ci.importing.files import Files
from polyarch.ci.importing.flow import Flow
from polyarch.ci.importing.groups import BuildGroup, groups_of
from polyarch.ci.importing.images import FoundImage, built_twice, collisions, images_of
from polyarch.ci.importing.logins import logins_in, other_logins, tables_of
from polyarch.ci.importing.occasion import Occasion, Surface
from polyarch.ci.importing.play import METADATA, Names, Played, Stage
from polyarch.ci.importing.publishing import Publishing, publishing_of
from polyarch.ci.importing.rehearsal import Rehearsal
from polyarch.ci.importing.rules import rules_of
from polyarch.ci.importing.scene import Scene
from polyarch.ci.importing.settings import ImageKeys, keys_of, runners_of
from polyarch.ci.importing.told import Kind, Told
from polyarch.ci.importing.traps import traps_in
from polyarch.ci.importing.traps_text import text_traps
from polyarch.ci.importing.triggers import Triggers, occasions_of, triggers_of
from polyarch.ci.importing.unseen import unseen_in

_MOST_BUILDS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowReading:
    """All that was read of a file: what it builds as it is written, and the draft."""

    flow: Flow
    triggers: Triggers
    groups: tuple[BuildGroup, ...]
    images: tuple[FoundImage, ...]
    rehearsal: Rehearsal
    occasions: tuple[Occasion, ...]
    draft: Draft


def read_workflow_draft(
    flow: Flow, surface: Surface, names: Names, files: Files
) -> WorkflowReading:
    """Read a file for a repository; nothing is guessed, and what is not sure is told."""
    plays = tuple(Stage(flow=flow, surface=surface).play())
    every, bake_told = with_bake_files(groups_of(calls_in(plays)), files)

    def opened(found: tuple[BuildGroup, ...]) -> tuple[BuildGroup, ...]:
        return with_bake_files(found, files)[0]

    groups = every[:_MOST_BUILDS]
    triggers = triggers_of(flow)
    rehearsal = Rehearsal(flow=flow, surface=surface, names=names, opened=opened)
    occasions = occasions_of(flow, triggers, surface)
    publishing = publishing_of(triggers, rehearsal, occasions)
    found = images_of(groups)
    colliding = collisions(found, rehearsal, publishing.occasions)
    out = [image.name for image, _ in colliding]
    images = tuple(each for each in found if each.name not in out)
    logins = logins_in(plays)
    tables, login_told = tables_of(logins)
    made = [_image(each, rehearsal, publishing) for each in images]
    drafted, unlinked = linked_targets(images, short_names(tuple(image for image, _ in made)))
    scene = Scene(
        flow=flow,
        triggers=triggers,
        images=images,
        logins=logins,
        rehearsal=rehearsal,
        occasions=occasions,
    )
    told = [
        *triggers.told,
        *publishing.told,
        *bake_told,
        *unlinked,
        *(_too_many(each) for each in every[_MOST_BUILDS : _MOST_BUILDS + 1]),
        *(one for _, several in made for one in several),
        *login_told,
        *other_logins(plays),
        *unseen_in(flow, seen_lines=_seen(plays, groups)),
        *(one for _, one in colliding),
        *built_twice(images),
        *traps_in(scene),
        *text_traps(flow),
    ]
    draft = Draft(
        source=flow.file,
        images=drafted,
        publish_on=publishing.on,
        triggers=_triggers(triggers),
        registries=tables,
        runners=runners_of(images),
        told=tuple(dict.fromkeys(sorted(told, key=lambda each: each.line))),
    )
    return WorkflowReading(
        flow=flow,
        triggers=triggers,
        groups=groups,
        images=images,
        rehearsal=rehearsal,
        occasions=occasions,
        draft=draft,
    )


def _too_many(group: BuildGroup) -> Told:
    return Told(
        kind=Kind.LEFT,
        line=group.line,
        what=f"builds beyond the first {_MOST_BUILDS}",
        why="no more of them are read from one file",
        todo="write the others into polyarch.toml after their like",
    )


def _image(
    image: FoundImage, rehearsal: Rehearsal, publishing: Publishing
) -> tuple[DraftImage, tuple[Told, ...]]:
    keys = keys_of(image)
    named = rules_of(image.groups, rehearsal, publishing.occasions, publishing.quiet)
    known = tuple(e for e in image.repositories if "${{" not in e and named.rules)
    told = [*keys.told, *named.told, *_unnamed(image)]
    table: dict[str, TomlValue] = {
        "platforms": tuple(keys.platforms),
        "repositories": tuple(each.removeprefix("docker.io/") for each in known),
        **_places(keys),
        "build-args": keys.build_args,
        "contexts": keys.contexts,
        "secrets": tuple(keys.secrets),
        "network": keys.network,
        "cache": keys.cache,
        "tags": named.rules,
        "flavor": named.flavor,
        "labels": keys.labels,
        "annotations": keys.annotations,
        **image.first.laid,
    }
    if not keys.platforms:
        told.append(_no_platforms(image))
    if not named.rules:
        told.append(_no_tags(image))
    remarks = [
        f"repository not written: {each} (line {image.first.line} of the workflow)"
        for each in image.repositories
        if each not in known
    ]
    lines = ", ".join(dict.fromkeys(str(each.line) for each in image.groups))
    remark = f"From line {lines}."
    return (
        DraftImage(name=image.name, keys=table, remarks=(remark, *remarks)),
        tuple(told),
    )


def _places(keys: ImageKeys) -> dict[str, TomlValue]:
    default = "Dockerfile" if keys.context == "." else f"{keys.context}/Dockerfile"
    found: dict[str, TomlValue] = {}
    if keys.context != ".":
        found["context"] = keys.context
    if keys.dockerfile and keys.dockerfile != default:
        found["dockerfile"] = keys.dockerfile
    if keys.target:
        found["target"] = keys.target
    return found


def _unnamed(image: FoundImage) -> Iterator[Told]:
    for each in image.repositories:
        if "${{" in each:
            line = image.first.meta.line if image.first.meta else image.first.line
            yield Told(
                kind=Kind.LEFT,
                line=line,
                what=f"the repository `{each}` of `{image.name}`",
                why="what it is called is known to a run alone",
                todo="say it with `--value`, as in `--value vars.NAME=text`, or write it in",
            )


def _no_platforms(image: FoundImage) -> Told:
    call = image.first.call
    where = f"bake file {call.bake_files[0]}" if call.bake_files else "workflow"
    return Told(
        kind=Kind.LEFT,
        line=call.played.step.line_of("platforms"),
        what=f"the platforms of `{image.name}`",
        why=f"the {where} does not say them here: the builder's own platform is built",
        todo="write them under `platforms`",
    )


def _no_tags(image: FoundImage) -> Told:
    return Told(
        kind=Kind.LEFT,
        line=image.first.line,
        what=f"the tags of `{image.name}`",
        why="they are made where they cannot be seen, so its repositories are not written either:"
        " nothing is published under names that nobody chose",
        todo="write `tags`, then `repositories`",
    )


def _triggers(triggers: Triggers) -> dict[str, TomlValue]:
    return {
        "branches": triggers.branches,
        "tags": triggers.tags,
        "release": triggers.release is not None,
        "schedule": triggers.schedule,
        "dispatch": triggers.dispatch is not None,
        "pull-request": triggers.pull_request,
    }


def _seen(plays: Sequence[Played], groups: Sequence[BuildGroup]) -> frozenset[int]:
    """Lines of steps that belong to builds that were understood: joining and pushing among them."""
    jobs = {each.call.joined_by for each in groups if each.call.joined_by and each.meta}
    jobs |= {each.call.played.job.name for each in groups if each.call.is_pushed_later}
    return frozenset(
        each.step.line for each in plays if each.job.name in jobs or each.step.uses == METADATA
    )
