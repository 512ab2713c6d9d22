"""What `lint` has to say of the images of a plan: errors as warnings, and what emulation costs.

Nothing fails by it: an image is built and published whatever is said here.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from polyarch.config.project import Project
from polyarch.dockerfile.lint.cost import Cost, costs, dearest
from polyarch.dockerfile.lint.finding import LintFinding
from polyarch.dockerfile.lint.lint import findings_in
from polyarch.dockerfile.lint.view import FileView
from polyarch.dockerfile.read import read_dockerfile
from polyarch.errors import DockerfileError, shorten
from polyarch.findings import Severity
from polyarch.oci.platform import Platform
from polyarch.pipeline.lint_files import shown_from
from polyarch.pipeline.lint_project import Scope, Work, works_of
from polyarch.pipeline.lint_rules import rule_of
from polyarch.pipeline.wording import Wording

MAX_TOLD = 10
"""Findings that are told one by one; a plan is no report."""

EmulationCosts = Mapping[tuple[str, Platform], Cost]
"""By image and platform, what takes longest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """Lines of text, and costs of what is emulated."""

    warnings: tuple[str, ...] = ()
    costs: EmulationCosts = field(default_factory=dict)


def advice(
    project: Project,
    scope: Scope,
    spared: Collection[tuple[str, Platform]],
    wording: Wording,
    *,
    build_platform: Platform,
) -> Advice:
    """Look at the Dockerfiles of what is built; one that cannot be read is told by the plan."""
    built = {
        name: [each for each in platforms if (name, each) not in spared]
        for name, platforms in scope.items()
    }
    errors: list[str] = []
    found: dict[tuple[str, Platform], Cost] = {}
    for work in works_of(project, built, wording.build_args):
        name = shown_from(work.path, project.root)
        try:
            for view, images in _views(work, name, build_platform):
                errors += [_line(name, each) for each in findings_in(view) if _is_error(each)]
                found |= _costs(view, images)
        except DockerfileError:
            continue
        except Exception as error:  # noqa: BLE001 - a bug in a rule keeps no image from its tags
            errors.append(f"{name} could not be judged: {type(error).__name__}: {error}")
    told = list(dict.fromkeys(errors))
    if len(told) > MAX_TOLD:
        told[MAX_TOLD:] = [f"{len(told) - MAX_TOLD} more would be wrong: `polyarch lint`"]
    return Advice(warnings=tuple(told), costs=found)


def _views(
    work: Work, name: str, build_platform: Platform
) -> Iterator[tuple[FileView, list[tuple[str, Platform]]]]:
    file = read_dockerfile(work.path, name=name)
    for build, job in work.jobs(build_platform).items():
        yield job.view(file), work.builds[build]


def _costs(
    view: FileView, images: list[tuple[str, Platform]]
) -> Iterator[tuple[tuple[str, Platform], Cost]]:
    every = costs(view)
    for name, platform in images:
        cost = dearest(tuple(each for each in every if each.platform == platform))
        if cost:
            yield (name, platform), cost


def _is_error(found: LintFinding) -> bool:
    return found.severity is Severity.ERROR


def _line(name: str, found: LintFinding) -> str:
    rule = f"{found.rule} {rule_of(found.rule).name}"
    return f"{shorten(name)}:{found.line}: {shorten(found.message, 300)} ({rule})"
