"""What is wrong with a workflow that is left behind: traps of jobs, logins and names.

What leaves platforms out is `lint_workflow`'s business.
"""

import re
from collections.abc import Iterator, Sequence

from polyarch.ci.importing.flow import Flow, FlowJob
from polyarch.ci.importing.occasion import Occasion
from polyarch.ci.importing.play import Stage
from polyarch.ci.importing.scene import Scene
from polyarch.ci.importing.told import Told, trap
from polyarch.ci.importing.traps_runs import run_traps
from polyarch.metadata.semver import SemanticVersion

_FORK = Occasion(
    title="pull request from a fork", name="pull_request", ref="refs/pull/7/merge", is_fork=True
)
_QUEUE = Occasion(
    title="merge queue", name="merge_group", ref="refs/heads/gh-readonly-queue/main/pr-7"
)
_SECRET = re.compile(r"\$\{\{\s*secrets\.")


def traps_in(scene: Scene) -> Iterator[Told]:
    """Everything that is found, a trap at a time."""
    yield from _pull_requests(scene)
    yield from _packages(scene)
    yield from _names(scene)
    yield from _latest(scene)
    yield from run_traps(scene)


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
