"""What is wrong with a workflow that is left behind: traps of jobs, logins and names.

What leaves platforms out is `lint_workflow`'s business.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from polyarch.ci.expression_values import text_of
from polyarch.ci.importing.flow import Flow, FlowJob
from polyarch.ci.importing.images import FoundImage
from polyarch.ci.importing.listed import lines_of
from polyarch.ci.importing.logins import Login
from polyarch.ci.importing.occasion import Occasion
from polyarch.ci.importing.play import Stage
from polyarch.ci.importing.rehearsal import Rehearsal
from polyarch.ci.importing.told import Kind, Told
from polyarch.ci.importing.triggers import Triggers
from polyarch.ci.yaml import Tree
from polyarch.metadata.semver import SemanticVersion

_FORK = Occasion(
    title="pull request from a fork", name="pull_request", ref="refs/pull/7/merge", is_fork=True
)
_QUEUE = Occasion(
    title="merge queue", name="merge_group", ref="refs/heads/gh-readonly-queue/main/pr-7"
)
_SECRET = re.compile(r"\$\{\{\s*secrets\.")
_CACHE = "actions/cache"
_HOUR = re.compile(r"(?:0|30|\*|\*/\d+)\s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """All that traps are looked for in."""

    flow: Flow
    triggers: Triggers
    images: Sequence[FoundImage]
    logins: Sequence[Login]
    rehearsal: Rehearsal
    occasions: Sequence[Occasion]


def traps_in(scene: Scene) -> Iterator[Told]:
    """Everything that is found, a trap at a time."""
    yield from _pull_requests(scene)
    yield from _packages(scene)
    yield from _names(scene)
    yield from _caches(scene)
    yield from _local_caches(scene)
    yield from _latest(scene)
    yield from _cancelled(scene)
    yield from _events(scene)
    yield from _joined(scene)


def trap(code: str, line: int, what: str, why: str, todo: str) -> Told:
    """One trap."""
    return Told(kind=Kind.TRAP, code=code, line=line, what=what, why=why, todo=todo)


def _pull_requests(scene: Scene) -> Iterator[Told]:
    if scene.triggers.merge_group and scene.rehearsal.pushed(_QUEUE):
        yield trap(
            "pr-can-push",
            scene.flow.events_line,
            "a run of the merge queue pushes",
            "nobody has merged the change yet",
            "nothing: polyarch never publishes for it",
        )
    if not scene.triggers.pull_request:
        return
    surface, names = scene.rehearsal.surface, scene.rehearsal.names
    stage = Stage(flow=scene.flow, surface=surface, occasion=_FORK, names=names)
    running = {(each.job.name, each.step.line) for each in stage.play() if each.truth is not False}
    for login in scene.logins:
        if (login.played.job.name, login.played.step.line) in running and login.password:
            yield trap(
                "login-on-forks",
                login.line,
                f"the login to {login.registry} runs for pull requests from forks, too",
                "they get no secrets, so the job fails there",
                "nothing: polyarch reads no login for a pull request",
            )
    own = Occasion(title="pull request", name="pull_request", ref="refs/pull/7/merge")
    for pushed in scene.rehearsal.pushed(own):
        yield trap(
            "pr-can-push",
            pushed.group.line,
            "a pull request pushes images",
            "whoever may open one publishes",
            "nothing: polyarch never publishes for it",
        )


def _packages(scene: Scene) -> Iterator[Told]:
    """Pushes to GHCR with the job's own token, which nobody allowed to write packages."""
    for login in scene.logins:
        if login.user.upper() == "AWS_ACCESS_KEY_ID":
            yield trap(
                "static-cloud-keys",
                login.line,
                f"the login to {login.registry} uses long-lived keys",
                "they open more than this registry, and for ever",
                "take a role by OIDC, and leave its login in Docker's config",
            )
    done: set[str] = set()
    for image in scene.images:
        for group in image.groups:
            job = group.call.played.job
            has_token = any(
                each.registry == "ghcr.io" and each.is_token and each.played.job.name == job.name
                for each in scene.logins
            )
            if has_token and job.name not in done and not _may_write(scene.flow, job):
                done.add(job.name)
                yield trap(
                    "no-packages-write",
                    job.line,
                    f"job `{job.name}` pushes to ghcr.io with GITHUB_TOKEN and does not ask for"
                    " `packages: write`",
                    "it works only where the repository's tokens may write by default",
                    "give the job that publishes `permissions: {contents: read, packages: write}`",
                )


def _may_write(flow: Flow, job: FlowJob) -> bool:
    permissions = job.permissions if job.permissions is not None else flow.permissions
    if permissions is None:
        return False
    if permissions.text is not None:
        return permissions.text == "write-all"
    packages = permissions.get("packages")
    return bool(packages and packages.text == "write")


def _names(scene: Scene) -> Iterator[Told]:
    for image in scene.images:
        secret = [each for each in image.repositories if _SECRET.search(each)]
        if secret:
            line = image.first.meta.line if image.first.meta else image.first.line
            yield trap(
                "secret-in-image-name",
                line,
                f"`{secret[0]}` has a secret in it",
                "logs show `***` instead of the name, and a runner drops every output that holds"
                " it",
                "the name is public: write it out, or keep it in a variable (`vars`)",
            )
    for image in scene.images:
        for group in image.groups:
            odd = [each for each in group.call.platforms if each in {"linux/arm/v8", "linux/arm"}]
            if odd:
                yield trap(
                    "odd-platform",
                    group.call.played.step.line_of("platforms"),
                    f"`{odd[0]}` is not the name that registries use",
                    "it stands for linux/arm64 or linux/arm/v7, perhaps besides it",
                    "see which platform is meant",
                )
            yield from _unheeded(group.rules or (), group.meta.tags_line if group.meta else 0)


def _unheeded(rules: Sequence[str], line: int) -> Iterator[Told]:
    for rule in rules:
        if re.search(r",\s*enabled\s*=", rule):
            yield trap(
                "unheeded-key",
                line,
                f"`{rule}`: `enabled` is no key",
                "metadata-action passes over keys that it does not know: the rule is always on",
                "write `enable`",
            )


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


def _latest(scene: Scene) -> Iterator[Told]:
    """`latest` for pre-releases, or for a run by hand on any branch."""
    default = scene.rehearsal.surface.default_branch
    for image in scene.images:
        for occasion in scene.occasions:
            is_old = occasion.is_tag and SemanticVersion.parse(occasion.ref_name)
            early = bool(is_old and "-" in occasion.ref_name)
            by_hand = occasion.kind == "dispatch" and occasion.ref_name != default
            pushed = [scene.rehearsal.of(group, occasion) for group in image.groups]
            if (early or by_hand) and any(each and "latest" in each.tags for each in pushed):
                yield trap(
                    "latest-on-any-tag",
                    image.first.line,
                    f"{occasion.title} moves `latest` of `{image.name}`",
                    "a pre-release, an old line or a try-out becomes what everybody pulls",
                    'keep `tag-policy = "guarded"`, and let `flavor = ["latest=auto"]` decide',
                )
                break


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
