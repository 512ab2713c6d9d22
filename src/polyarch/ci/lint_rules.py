"""The rules for files that say what is built: compose files, bake files, workflows.

They judge no Dockerfile, so that their `check` finds nothing in one; `lint_compose`, `lint_bake`
and `lint_workflow` do the work.
"""

from collections.abc import Iterable

from polyarch.dockerfile.lint.finding import FixClass, LintFinding
from polyarch.dockerfile.lint.rule import Rule
from polyarch.dockerfile.lint.view import FileView
from polyarch.findings import Severity


def _nothing(_: FileView) -> Iterable[LintFinding]:
    return ()


PLATFORM_PIN = Rule(
    id="PA601",
    name="compose-platform-pin",
    severity=Severity.WARNING,
    fix=FixClass.REVIEW,
    title="A compose file ties a service that it builds to one platform",
    consequence="Every machine builds and runs the one platform that stands there: emulated where"
    " the machine is another, or not at all where it has no emulator. Where `build.platforms` lists"
    " others, Compose refuses the file or builds images that this service never starts.",
    remedy="Leave `platform:` out, so that each machine takes its own; list what is published"
    " under `build.platforms`, the service's own platform among them. Keep a pin only with a"
    " program that exists for one platform alone.",
    check=_nothing,
    before="services:\n  app:\n    platform: linux/amd64\n    build: .",
    after="services:\n  app:\n    build:\n      context: .\n"
    "      platforms: [linux/amd64, linux/arm64]",
    sources=(
        "https://github.com/compose-spec/compose-spec/blob/main/build.md",
        "https://github.com/docker/compose/issues/9847",
    ),
)

CI_GAP = Rule(
    id="PA602",
    name="ci-platform-gap",
    severity=Severity.INFO,
    fix=FixClass.NONE,
    title="A workflow or bake file builds other platforms than it should, or in a way that fails",
    consequence="A build for a foreign platform stops at its first RUN where no emulator is set"
    " up; jobs that each push their own platform under one tag leave only the last one there;"
    " a platform that nothing builds is missing for whoever asks for it.",
    remedy="List all platforms in one build, or push each by digest and join them in a last job,"
    " as `polyarch build --stage` and `polyarch publish --parts` do. Set up QEMU where a RUN needs"
    " it, and only there.",
    check=_nothing,
    before="- uses: docker/build-push-action@v6\n  with:\n    platforms: linux/amd64,linux/arm64",
    after="- uses: docker/setup-qemu-action@v3\n- uses: docker/build-push-action@v6\n  with:\n"
    "    platforms: linux/amd64,linux/arm64",
    sources=(
        "https://docs.docker.com/build/ci/github-actions/multi-platform/",
        "https://github.com/docker/build-push-action/issues/671",
    ),
)

RULES: tuple[Rule, ...] = (PLATFORM_PIN, CI_GAP)
