"""PA307: a program that was compiled outside, for the machine that compiled it."""

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Self

from polyarch.dockerfile.graph import ContextSource, Stage
from polyarch.dockerfile.lint.archwords import first_word
from polyarch.dockerfile.lint.bases import base_of
from polyarch.dockerfile.lint.calls import call
from polyarch.dockerfile.lint.entry import programs
from polyarch.dockerfile.lint.finding import FixClass, LintFinding
from polyarch.dockerfile.lint.firstbytes import FileType, FirstBytes, judge
from polyarch.dockerfile.lint.rule import Rule
from polyarch.dockerfile.lint.surroundings import Surroundings, surroundings
from polyarch.dockerfile.lint.toolchains import work_of
from polyarch.dockerfile.lint.view import FileView, StageClass, StageView
from polyarch.dockerfile.tree import Instruction
from polyarch.dockerfile.words import plain_words
from polyarch.findings import Severity

_PATTERN = re.compile(r"[*?\[]")
_NATIVE_ENDING = re.compile(r"\.(?:bin|exe|so(?:\.\d+)*)$")
_ENDING = re.compile(r"\.[A-Za-z][A-Za-z0-9_]*$")
_BIN = re.compile(r"(?:^|/)s?bin$")
_FOLDERS = frozenset(
    {
        "assets", "bin", "build", "cmd", "conf", "config", "configs", "contrib", "data", "deploy",
        "dist", "docker", "docs", "etc", "examples", "files", "hack", "helpers", "lib", "out",
        "overlay", "pkg", "public", "release", "root", "rootfs", "sbin", "scripts", "share",
        "src", "static", "target", "templates", "tests", "tools", "usr", "utils", "web",
    }
)  # fmt: skip
"""Names that folders have, and programs hardly ever."""

_SCRIPT = re.compile(
    r"(?:.*[-_])?(?:entry-?point|docker|healthcheck|run|start|stop|init|setup|install|configure|"
    r"bootstrap|permissions|wrapper|script|shim|wait|hook|launch|env)(?:[-_].*)?"
    r"|(?:build|check|cleanup|create|generate|get|make|send|update|upload|wrap)[-_].*",
    re.IGNORECASE,
)
"""Names that scripts without an ending have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Copied:
    """A single file of the context, and the path that it gets in the image."""

    stage: StageView
    instruction: Instruction
    source: ContextSource
    path: str
    destination: str


def host_binary_copied(view: FileView) -> Iterator[LintFinding]:
    """By first bytes where the context is at hand, else by name and place."""
    copies = tuple(_copies(view))
    started = _Started.of(view) if copies else None
    compiles = bool(copies) and _compiles(view)
    told: set[tuple[int, int]] = set()
    for copied in copies:
        key = (copied.stage.index, copied.instruction.first_line)
        if key in told or started is None:
            continue
        found = _judged(view, copied, is_started=started.holds(copied), compiles=compiles)
        if found:
            told.add(key)
            yield found


def _judged(
    view: FileView, copied: _Copied, *, is_started: bool, compiles: bool
) -> LintFinding | None:
    reaches = copied.stage.kind is StageClass.TARGET or is_started
    if not reaches or first_word(copied.path) is not None:
        return None
    head = view.folder.head(copied.path) if view.folder else None
    if head is not None:
        return _by_bytes(copied, judge(head))
    if view.folder and view.folder.is_folder(copied.path):
        return None
    is_program = _looks_like_program(copied, is_started=is_started)
    if compiles or not is_program or len(view.platforms) == 1:
        return None
    return _by_name(copied, is_started=is_started)


def _looks_like_program(copied: _Copied, *, is_started: bool) -> bool:
    name = posixpath.basename(copied.path)
    if _SCRIPT.fullmatch(name) or (_ENDING.search(name) and not _NATIVE_ENDING.search(name)):
        return False
    goes_to_bin = _BIN.search(posixpath.dirname(copied.destination)) is not None
    return is_started or (goes_to_bin and name not in _FOLDERS and not name.startswith("."))


# --- what is copied ------------------------------------------------------------------------------


def _copies(view: FileView) -> Iterator[_Copied]:
    """The single files whose path is the same for all platforms."""
    known: dict[int, Surroundings] = {}
    for stage in view.needed:
        by_platform = [_by_line(resolved) for resolved in stage.resolved.values()]
        for instruction, here in surroundings(view, stage, known):
            if instruction.name not in {"ADD", "COPY"} or instruction.flag("from"):
                continue
            target = _target(instruction)
            sources = _sources(instruction, by_platform)
            into = target.endswith("/") or target in {".", ".."} or len(sources) > 1
            for source, path in sources:
                place = posixpath.join(target, posixpath.basename(path)) if into else target
                yield _Copied(
                    stage=stage,
                    instruction=instruction,
                    source=source,
                    path=path,
                    destination=here.path(_if_folder(place, path)),
                )


def _if_folder(place: str, path: str) -> str:
    """`COPY tool /usr/local/bin` may put it into the folder: nobody calls a program `bin`."""
    return posixpath.join(place, posixpath.basename(path)) if _BIN.search(place) else place


def _target(instruction: Instruction) -> str:
    if instruction.json:
        return instruction.json[-1]
    words = plain_words(instruction.arguments.text)
    return words[-1].text if words else ""


def _by_line(stage: Stage) -> Mapping[int, tuple[ContextSource, ...]]:
    found: dict[int, list[ContextSource]] = {}
    for one in stage.context_sources:
        found.setdefault(one.line, []).append(one)
    return {line: tuple(sources) for line, sources in found.items()}


def _sources(
    instruction: Instruction, stages: Iterable[Mapping[int, tuple[ContextSource, ...]]]
) -> tuple[tuple[ContextSource, str], ...]:
    """The sources that are the same file on every platform, with their plain paths."""
    by_platform = [
        {one.span: one for one in each.get(instruction.first_line, ())} for each in stages
    ]
    return tuple(
        (one, posixpath.normpath(one.path).lstrip("/"))
        for span, one in by_platform[0].items()
        if one.path is not None
        and all(span in other and other[span].path == one.path for other in by_platform)
        and one.instruction == instruction.name
        and not (_PATTERN.search(one.path) or one.path.endswith(("/", ".")))
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Started:
    """What the image starts: paths from the root on, and names that are found in PATH."""

    paths: frozenset[str]
    names: frozenset[str]

    @classmethod
    def of(cls, view: FileView) -> Self:
        known: dict[int, Surroundings] = {}
        for stage in view.needed:
            for _ in surroundings(view, stage, known):
                pass
        words = programs(view)
        end = known[view.target]
        return cls(
            paths=frozenset(end.path(word) for word in words if "/" in word),
            names=frozenset(word for word in words if "/" not in word),
        )

    def holds(self, copied: _Copied) -> bool:
        """Whether it is the file; in a stage before the last one a name is enough."""
        name = posixpath.basename(copied.destination)
        if not copied.stage.is_shipped:
            return name in self.names or name in {posixpath.basename(one) for one in self.paths}
        goes_to_bin = _BIN.search(posixpath.dirname(copied.destination)) is not None
        return copied.destination in self.paths or (goes_to_bin and name in self.names)


def _compiles(view: FileView) -> bool:
    """Whether the file compiles anything itself: then its programs are not the host's."""
    return any(
        work_of(call(command), base.language, base.version)
        for stage in view.needed
        for base in (base_of(view, stage),)
        for _, command in stage.commands
    )


# --- what is told --------------------------------------------------------------------------------


def _by_name(copied: _Copied, *, is_started: bool) -> LintFinding:
    role = "the program that the image starts" if is_started else "a program, by its place"
    return LintFinding(
        rule="PA307",
        severity=Severity.WARNING,
        line=copied.instruction.first_line,
        span=copied.source.span,
        platforms=copied.stage.platforms,
        message=f"`{copied.path}` is {role}, and comes compiled out of the context: every platform "
        "gets the same file",
        hint=_advice(copied),
        why_not="the file has to be made for each platform first",
    )


def _by_bytes(copied: _Copied, found: FirstBytes) -> LintFinding | None:
    concerned = tuple(one for one in copied.stage.platforms if not found.runs_on(one))
    if found.type is FileType.OTHER or not concerned:
        return None
    what = (
        f"an ELF file for `{found.architecture}`"
        if found.type is FileType.ELF
        else str(found.type.value)
    )
    return LintFinding(
        rule="PA307",
        severity=Severity.ERROR,
        line=copied.instruction.first_line,
        span=copied.source.span,
        platforms=concerned,
        message=f"`{copied.path}` of the context is {what}: the other platforms get it, too",
        hint=_advice(copied),
        fix=FixClass.NONE,
        why_not="the file has to be made for each platform first",
    )


def _advice(copied: _Copied) -> str:
    name = posixpath.basename(copied.path)
    return (
        "compile it in a stage of this file, or lay one file per platform into the context and "
        f"`COPY dist/${{TARGETOS}}_${{TARGETARCH}}${{TARGETVARIANT}}/{name} …`"
    )


RULES = (
    Rule(
        id="PA307",
        name="host-binary-copied",
        severity=Severity.WARNING,
        fix=FixClass.NONE,
        title="A compiled program is copied from the context, one for all platforms",
        consequence="COPY takes the same file for each platform. A program that was compiled "
        "before the build is of one machine; on the others the container ends with `exec format "
        "error`.",
        remedy="Compile in the Dockerfile, or put one program per platform beside it and name the "
        "platform in the path of COPY. Scripts are no matter: where the context is at hand, a "
        "file's first bytes tell.",
        before="COPY server /usr/local/bin/server",
        after="ARG TARGETOS TARGETARCH TARGETVARIANT\n"
        "COPY dist/${TARGETOS}_${TARGETARCH}${TARGETVARIANT}/server /usr/local/bin/server",
        sources=("https://docs.docker.com/build/building/multi-platform/",),
        check=host_binary_copied,
    ),
)
