"""Traps of how a workflow runs: caches, cancelling, events, and how platforms are joined."""

import re
from collections.abc import Iterator

from polyarch.ci.expression_values import text_of
from polyarch.ci.importing.listed import lines_of
from polyarch.ci.importing.scene import Scene
from polyarch.ci.importing.told import Told, trap
from polyarch.ci.yaml import Tree

_CACHE = "actions/cache"
_HOUR = re.compile(r"(?:0|30|\*|\*/\d+)\s")


def run_traps(scene: Scene) -> Iterator[Told]:
    """Everything that is found."""
    yield from _caches(scene)
    yield from _local_caches(scene)
    yield from _cancelled(scene)
    yield from _events(scene)
    yield from _joined(scene)


def _caches(scene: Scene) -> Iterator[Told]:
    users = [
        group
        for image in scene.images
        for group in image.groups
        for text in [group.call.played.text("cache-to")]
        if any("type=gha" in each and "scope=" not in each for each in lines_of(text))
    ]
    if users:
        several = len({each.line for each in users}) > 1
        more = "each build writes over the layers of the others"
        yield trap(
            "shared-gha-scope",
            users[0].call.played.step.line_of("cache-to"),
            "`cache-to: type=gha` without a scope",
            more if several else "every image and platform of the repository shares one scope",
            "nothing: polyarch gives each image and platform a scope of its own",
        )


def _local_caches(scene: Scene) -> Iterator[Told]:
    for image in scene.images:
        played = image.first.call.played
        places = [
            re.search(r"type=local.*?(?:src|dest)=([^,\s]+)", played.text(key))
            for key in ("cache-from", "cache-to")
        ]
        read, written = (found[1] if found else "" for found in places)
        steps = played.job.steps
        restored = any(written in each.input("path") for each in steps if each.uses == _CACHE)
        if written and (read in {written, ""} or not restored):
            yield trap(
                "cache-useless",
                played.step.line_of("cache-to"),
                f"the local cache in {written}",
                "it only grows, and jobs with one key keep what the first of them made"
                if restored
                else "nothing restores it in the next run",
                "take `gha` or `registry`; polyarch keeps a scope for each platform",
            )
            return


def _cancelled(scene: Scene) -> Iterator[Told]:
    publishing = {g.call.played.job.name for image in scene.images for g in image.groups}
    places: list[Tree | None] = [scene.flow.concurrency]
    places += [job.concurrency for job in scene.flow.jobs if job.name in publishing]
    for tree in places:
        found = tree.get("cancel-in-progress") if tree else None
        if found and found.text == "true":
            yield trap(
                "cancel-publish",
                found.line,
                "`cancel-in-progress: true` on a workflow that publishes",
                "a run that is cut off leaves one registry new and another old",
                "nothing: the generated pipeline cancels pull requests alone",
            )
            return


def _events(scene: Scene) -> Iterator[Told]:
    schedule = scene.flow.events.get("schedule")
    for cron in scene.triggers.schedule:
        if _HOUR.match(cron):
            yield trap(
                "cron-on-the-hour",
                schedule.line if schedule else scene.flow.events_line,
                f"`{cron}` is when everybody's schedules run",
                "runs of such minutes come late, and some not at all",
                "choose an odd minute",
            )
    release = scene.flow.events.get("release")
    for kind in ("created", "edited"):
        if kind in (scene.triggers.release or ()):
            why = {
                "created": "drafts that are published never send it",
                "edited": "mending a word in the notes publishes again",
            }[kind]
            yield trap(
                f"release-{kind}",
                release.line if release else scene.flow.events_line,
                f"`release: types: [{kind}]`",
                why,
                "use `published`, as the generated pipeline does",
            )


def _joined(scene: Scene) -> Iterator[Told]:
    for image in scene.images:
        call = image.first.call
        if not call.by_digest:
            continue
        staged = {*call.names, *call.references}
        hosts = {_host(text_of(each)) for each in staged if each}
        wanted = {_host(each) for each in image.repositories}
        if hosts and not wanted <= hosts:
            yield trap(
                "cross-registry-merge",
                call.line,
                f"the platforms of `{image.name}` are pushed to {', '.join(sorted(hosts))} and"
                f" joined in {', '.join(sorted(wanted))}",
                "every layer is copied once more, from a registry that may not answer",
                "nothing: polyarch pushes to every registry and joins within each",
            )


def _host(name: str) -> str:
    first, slash, _ = name.partition("/")
    return first if slash and ("." in first or ":" in first) else "docker.io"
