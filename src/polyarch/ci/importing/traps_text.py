"""Traps that the text of a workflow shows: versions, scripts, steps that are not there."""

import re
from collections.abc import Iterator

from polyarch.ci.importing.flow import Flow, FlowJob, FlowStep
from polyarch.ci.importing.told import Told, trap
from polyarch.errors import shorten

_SHOWN = 5
_PINNED = re.compile(r"[0-9a-f]{40}")
_STEPS = re.compile(r"\bsteps\.([A-Za-z_][\w-]*)\.(?:outputs|outcome|conclusion)\b")
_BRACED = re.compile(r"\$\{\{((?:[^$}]|\$(?!\{\{)|\}(?!\}))*)\}\}", re.DOTALL)
_HOSTILE = re.compile(
    r"github\.(?:event\.(?!repository\b)|head_ref|ref_name\b|ref\b)|\binputs\.|github\.event\.inputs"
)
_ON_LINE = re.compile(r"docker login[^\n|]*\s(?:-p|--password)[ =]")
_LOOSE = re.compile(r"image=\S+:(?:master|latest)\b")


def text_traps(flow: Flow) -> Iterator[Told]:
    """Everything that is found."""
    yield from _unpinned(flow)
    for job in flow.jobs:
        yield from _conditions(job)
        yield from _undefined(job)
        for step in job.steps:
            yield from _scripts(step)
            if found := _LOOSE.search(step.input("driver-opts")):
                yield trap(
                    "mutable-tool-version",
                    step.line_of("driver-opts"),
                    found[0],
                    "what builds may be another program tomorrow",
                    "name a version",
                )


def _unpinned(flow: Flow) -> Iterator[Told]:
    lines: dict[str, list[int]] = {}
    for job in flow.jobs:
        called = job.called.partition("@")
        uses = [(called[0], called[2].split(" ")[0], job.line)] if job.called else []
        uses += [(each.uses, each.version, each.line) for each in job.steps if each.uses]
        for name, version, line in uses:
            if not name.startswith((".", "docker://")) and not _PINNED.fullmatch(version):
                lines.setdefault(f"{name}@{version}" if version else name, []).append(line)
    for name, found in lines.items():
        more = [str(each) for each in found[1:]]
        also = f" (also in lines {_some(more)})" if more else ""
        if "@" not in name:
            yield trap(
                "unpinned-action",
                found[0],
                f"`uses: {shorten(name)}`{also}",
                "no version is named: GitHub refuses the file",
                "name an action as `owner/name@` and a commit",
            )
            continue
        yield trap(
            "unpinned-action",
            found[0],
            f"`{shorten(name)}`{also}",
            "whoever holds the tag can put other code behind it, and your secrets with it",
            "pin it by its commit, as `polyarch ci github` does",
        )


def _some(numbers: list[str]) -> str:
    """The first of several, and how many more there are."""
    rest = len(numbers) - _SHOWN
    return ", ".join(numbers[:_SHOWN]) + (f" and {rest} more" if rest > 0 else "")


def _conditions(job: FlowJob) -> Iterator[Told]:
    for line, text in ((job.line, job.condition), *((s.line, s.condition) for s in job.steps)):
        outside = _BRACED.sub("", text).strip()
        if "${{" in text and outside:
            yield trap(
                "always-true-if",
                line,
                f"`if: {shorten(text)}`",
                "words around braces make it a text, and a text is always true",
                "put one pair of braces around all of it, or none",
            )


def _undefined(job: FlowJob) -> Iterator[Told]:
    there = {step.identity.lower() for step in job.steps if step.identity}
    seen: set[str] = set()
    for step in job.steps:
        texts = [(step.line, step.run), (step.line, step.condition)]
        texts += [
            (tree.line, tree.text or "") for tree in (*step.inputs.values(), *step.env.values())
        ]
        for line, text in texts:
            for found in _STEPS.finditer(text):
                name = found[1]
                if name.lower() not in there and name not in seen:
                    seen.add(name)
                    yield trap(
                        "undefined-step-output",
                        line,
                        f"`{found[0]}`: job `{job.name}` has no step `{name}`",
                        "such an expression is empty, without a word",
                        "see what was meant",
                    )


def _scripts(step: FlowStep) -> Iterator[Told]:
    text = step.run or (step.input("script") if step.uses == "actions/github-script" else "")
    for found in _BRACED.finditer(text):
        if _HOSTILE.search(found[1]):
            yield trap(
                "injection",
                step.line,
                f"`{shorten(found[0])}` within a script",
                "names of branches, tags and inputs are put into the script as they are, commands"
                " and all",
                "hand it over as a variable with `env`",
            )
            break
    if _ON_LINE.search(text):
        yield trap(
            "password-on-command-line",
            step.line,
            "`docker login -p`",
            "every program of the machine can read it",
            "use `--password-stdin`",
        )
