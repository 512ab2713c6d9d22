"""Files that say what is built, beside the Dockerfiles that they name."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from polyarch.ci.lint_bake import lint_bake
from polyarch.ci.lint_compose import lint_compose
from polyarch.ci.lint_workflow import lint_workflow
from polyarch.ci.silence import silent_lines
from polyarch.dockerfile.lint.finding import LintFinding
from polyarch.dockerfile.read import read_dockerfile
from polyarch.dockerfile.stages import resolve
from polyarch.errors import PolyarchError
from polyarch.oci.platform import Platform
from polyarch.pipeline.lint_files import Kind, LintFile
from polyarch.pipeline.lint_rules import rule_of


def lint_pipeline(
    file: LintFile,
    text: str,
    platforms: Sequence[Platform],
    *,
    wanted: Sequence[Platform] = (),
    root: Path | None = None,
) -> Iterator[LintFinding]:
    """Findings in a compose file, bake file or workflow, without what it silences itself.

    `wanted` are the platforms that somebody asks for by name; `root` is where the Dockerfiles lie
    that a workflow names, None where only the text is to be judged.

    Raises:
        StackError: it cannot be read.
    """
    silent = silent_lines(text)
    for found in _found(file, platforms, wanted, root):
        names = {found.rule, rule_of(found.rule).name.upper()}
        if names.isdisjoint(silent.get(found.line, ())):
            yield found


def _found(
    file: LintFile, platforms: Sequence[Platform], wanted: Sequence[Platform], root: Path | None
) -> Iterator[LintFinding]:
    if file.kind is Kind.COMPOSE:
        return lint_compose(file.raw, file.shown, platforms)
    if file.kind is Kind.BAKE:
        return lint_bake(file.raw, file.shown, platforms)
    emulates = _Emulated(root=root) if root else None
    return lint_workflow(file.raw, file.shown, platforms, wanted=wanted, emulates=emulates)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Emulated:
    """Reads the Dockerfiles that workflows name."""

    root: Path

    def __call__(
        self, dockerfile: str, target: str, platforms: Sequence[Platform]
    ) -> tuple[Platform, ...] | None:
        """The platforms on which a RUN is executed; None where the file is not there."""
        path = (self.root / dockerfile).resolve()
        if not path.is_relative_to(self.root.resolve()) or not path.is_file():
            return None
        try:
            file = read_dockerfile(path)
            graphs = [
                resolve(file, target=target or None, platform=each, build_platform=_BUILDER)
                for each in platforms
            ]
        except PolyarchError:
            return None
        return tuple(
            graph.platform
            for graph in graphs
            if any(stage.has_run and stage.platform == graph.platform for stage in graph.stages)
        )


_BUILDER = Platform.parse("linux/amd64")
