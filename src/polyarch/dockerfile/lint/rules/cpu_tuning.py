"""PA303: code that is compiled for one processor instead of a platform."""

import re
from collections.abc import Iterator

from polyarch.dockerfile.lint.choices import choices
from polyarch.dockerfile.lint.finding import FixClass, LintFinding
from polyarch.dockerfile.lint.literals import Piece, concerned, of_assignment, of_shell
from polyarch.dockerfile.lint.rule import Rule
from polyarch.dockerfile.lint.view import FileView, Run, StageView
from polyarch.dockerfile.source import Span
from polyarch.findings import Severity

_BASELINES = re.compile(
    r"generic|baseline|portable|x86[-_]64|amd64|i[3-6]86|armv6k?(?:\+fp)?|(?:generic-)?armv7(?:-a)?"
    r"(?:\+fp)?|armv8-a|powerpc64le|power8|z10|z196|zec12|z13|rv64gc?"
)
"""What every machine of a platform understands, as Debian's ports and BuildKit have it."""

_PREFIX = r"(?<![\w-])"
_FLAGS = (
    re.compile(rf"{_PREFIX}-m(?:arch|tune|cpu)=(?P<value>[\w.+-]+)"),
    re.compile(r"\btarget-cpu=(?P<value>[\w.+-]+)"),
    re.compile(
        rf"{_PREFIX}-m(?:sse[234]\w*(?:\.\d)?|ssse3|avx\w*|fma\d?|bmi\d?|aes|pclmul|f16c)\b"
    ),
    re.compile(rf"{_PREFIX}-(?:xHost|xCORE-AVX\w*|xAVX\w*)\b"),
    re.compile(r"\btarget-feature=[\w,+-]*\+(?:avx|sse[34]|ssse3|fma|bmi|aes|popcnt|neon)\w*"),
    re.compile(
        r"(?:(?<![A-Za-z0-9])|(?<=-D))(?:ENABLE|USE|WITH|HAVE|GGML|LLAMA|OPENBLAS)_(?:AVX|SSE[34]|FMA|F16C|NATIVE)"
        r"\w*=(?:1|ON|TRUE|YES|Y)\b",
        re.IGNORECASE,
    ),
)
_LEVEL = re.compile(r"[\"']?v[234][\"']?")


def cpu_tuned_flags(view: FileView) -> Iterator[LintFinding]:
    """Flags for a processor outside of any choice by platform, once for each instruction."""
    told: set[int] = set()
    for stage in view.needed:
        for line, span, text in _found(stage):
            if line not in told and concerned(stage, (), leaves=True):
                told.add(line)
                yield _finding(stage, line, span, text)


def _found(stage: StageView) -> Iterator[tuple[int, Span, str]]:
    runs = iter(stage.runs)
    for instruction in stage.body:
        line = instruction.first_line
        if instruction.name == "RUN":
            for piece, name in _of_run(next(runs)):
                yield from ((line, span, text) for span, text in _flags(piece, name))
        elif instruction.name in {"ARG", "ENV"}:
            for one in instruction.assignments:
                for span, text in _flags(of_assignment(one), one.name):
                    yield line, span, text


def _of_run(run: Run) -> Iterator[tuple[Piece, str]]:
    for script in run.scripts:
        chosen = choices(script)
        for assignment, arms in script.assignments:
            if not chosen.cover(arms, assignment.span):
                yield of_shell(assignment.value), assignment.name
        for command in script.commands:
            if not chosen.cover(command.arms, command.span):
                yield from ((of_shell(one.value), one.name) for one in command.assignments)
                if command.name not in {"echo", "printf", "grep", "sed"}:
                    yield from ((of_shell(word), "") for word in command.words[1:])


def _flags(piece: Piece, name: str) -> Iterator[tuple[Span, str]]:
    if name == "GOAMD64" and _LEVEL.fullmatch(piece.text):
        yield piece.span, f"GOAMD64={piece.text}"
    # An assignment is read as one text, so that `ENABLE_AVX=1` is seen whoever sets it.
    head = f"{name}=" if name else ""
    for pattern in _FLAGS:
        for match in pattern.finditer(head + piece.text):
            value = match.groupdict().get("value")
            if value and _BASELINES.fullmatch(value.lower().rstrip(".")):
                continue
            start = max(0, match.start() - len(head))
            yield piece.part(start, max(start, match.end() - len(head))), match.group()


def _finding(stage: StageView, line: int, span: Span, text: str) -> LintFinding:
    native = "native" in text.lower()
    what = (
        "it takes what the building machine has, or what an emulator pretends to have"
        if native
        else "compilers for other architectures refuse it, and older machines stop at the first "
        "instruction that they lack"
    )
    return LintFinding(
        rule="PA303",
        severity=Severity.WARNING,
        line=line,
        span=span,
        platforms=stage.platforms,
        message=f"`{text}` is for one processor: {what}",
        hint="leave it out, or choose it by `TARGETARCH` at the lowest level that is to be served",
        fix=FixClass.REVIEW,
        why_not="the program may be slower without it, or need another way to the fast code",
    )


RULES = (
    Rule(
        id="PA303",
        name="cpu-tuned-flags",
        severity=Severity.WARNING,
        fix=FixClass.REVIEW,
        title="Code is compiled for one processor",
        consequence="`-march=native` records the machine that happened to build: elsewhere the "
        "program stops with an illegal instruction. Under an emulator it records a processor that "
        "does not exist. A flag of x86 stops the compiler of every other architecture.",
        remedy="Compile for the baseline of the platform and let the program choose fast code when "
        "it starts, as most libraries do. Where a level has to be fixed, do it in a branch for "
        "`TARGETARCH`, or ask for it as a platform (`linux/amd64/v3`).",
        before="RUN make CFLAGS='-O3 -march=native'",
        after="RUN make CFLAGS='-O3'",
        sources=(
            "https://gcc.gnu.org/onlinedocs/gcc/x86-Options.html",
            "https://doc.rust-lang.org/rustc/codegen-options/index.html#target-cpu",
            "https://go.dev/wiki/MinimumRequirements#microarchitecture-support",
        ),
        check=cpu_tuned_flags,
    ),
)
