"""The builds of a workflow that publish, each as the file has it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from polyarch.ci.expression_values import Value, truth_of
from polyarch.ci.importing.listed import lines_of, pairs_of
from polyarch.ci.importing.play import METADATA, Played
from polyarch.ci.importing.written import EXPRESSION

BUILDS = (
    "docker/build-push-action",
    "depot/build-push-action",
    "useblacksmith/build-push-action",
    "namespacelabs/nscloud-build-push-action",
)
BAKES = ("docker/bake-action", "depot/bake-action")
BUILDER = "docker/github-builder/.github/workflows/"
GIT = "git"
"""The context of a build that names none: the commit, whatever earlier steps did to the files."""

_META = re.compile(r"\bsteps\.([\w-]+)\.outputs\.(?:tags|json|bake-file(?:-tags)?)\b")
_MERGES = re.compile(r"\bimagetools\s+create\b|\bmanifest\s+(?:create|push)\b|\bmanifest-tool\b")
_HOST = re.compile(r"localhost|.*[.:].*|\$\{\{ *env\..*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Meta:
    """The inputs of metadata-action, as lines; `line` is where they stand."""

    images: tuple[str, ...]
    rules: tuple[str, ...]
    flavor: tuple[str, ...]
    labels: tuple[str, ...]
    annotations: tuple[str, ...]
    line: int
    tags_line: int
    played: Played


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildCall:
    """One build of one run of a job. Texts may have expressions in them that only a run can tell.

    `meta` and `references` say what it is called: rules, or whole references written out.
    `joined_by` is the last job of a build whose platforms are pushed by digest.
    """

    played: Played
    context: str
    dockerfile: str
    target: str
    platforms: tuple[str, ...]
    push: Value
    by_digest: bool
    meta: Meta | None
    references: tuple[str, ...]
    names: tuple[str, ...]
    build_args: tuple[tuple[str, str], ...]
    labels: tuple[str, ...]
    uses_meta_labels: bool
    joined_by: str = ""
    bake_files: tuple[str, ...] = ()
    is_pushed_later: bool = False
    others: tuple[tuple[str, str], ...] = field(default=())

    @property
    def line(self) -> int:
        """Where the step begins."""
        return self.played.step.line

    @property
    def publishes(self) -> bool | None:
        """Whether it pushes; None where only a run can tell."""
        pushed = True if self.by_digest or self.is_pushed_later else truth_of(self.push)
        if self.played.truth is False or pushed is False:
            return False
        return None if self.played.truth is None or pushed is None else True


def calls_in(plays: Sequence[Played]) -> Iterator[BuildCall]:
    """The builds among the steps of a file, those for tests alone left out."""
    for played in plays:
        uses = played.step.uses
        if uses in BUILDS or uses in BAKES:
            call = _call(played, plays)
        elif uses.startswith(BUILDER):
            call = _called_builder(played)
        else:
            continue
        if call.by_digest or call.is_pushed_later or truth_of(call.push) is not False:
            yield call


def complete(name: str) -> str:
    """A repository with its registry: Docker Hub's is left out by habit."""
    first, slash, _ = name.partition("/")
    known = EXPRESSION.sub("x", first)
    return name if slash and _HOST.fullmatch(known) else f"docker.io/{name}"


def _call(played: Played, plays: Sequence[Played]) -> BuildCall:
    step = played.step
    outputs = _outputs(played)
    by_digest = any("push-by-digest=true" in each for each in outputs)
    pushed = any("push=true" in each or "type=registry" in each for each in outputs)
    tags = played.text("tags")
    bake_files = lines_of(played.text("files")) if step.uses in BAKES else ()
    source = " ".join((tags, *bake_files, played.text("set")))
    meta = _meta(source, played, plays)
    references = tuple(
        each for line in lines_of(tags) for each in _commas(line) if not _META.search(each)
    )
    joined, joined_meta = _joined(played, plays) if by_digest else ("", None)
    context = played.text("context") or (GIT if step.uses in BUILDS else ".")
    push = _yes(played.value("push"))
    return BuildCall(
        played=played,
        context="." if context in {"{{defaultContext}}", "./"} else context,
        dockerfile=played.text("file"),
        target=played.text("target") or played.text("targets"),
        platforms=platforms_of(played.text("platforms")),
        push=True if pushed and push is None else (push if push is not None else False),
        by_digest=by_digest,
        meta=joined_meta or meta,
        references=references,
        names=tuple(_names(outputs)),
        build_args=pairs_of(played.text("build-args")),
        labels=lines_of(played.text("labels")),
        uses_meta_labels=bool(re.search(r"steps\.[\w-]+\.outputs\.labels", step.input("labels"))),
        joined_by=joined,
        bake_files=bake_files,
        is_pushed_later=not by_digest and _pushed_later(played, references, plays),
    )


def _called_builder(played: Played) -> BuildCall:
    """Docker's own workflow, whose inputs are those of the actions in one."""
    is_bake = "/bake.yml" in played.step.uses
    return BuildCall(
        played=played,
        context=played.text("context") or ".",
        dockerfile=played.text("file"),
        target=played.text("target"),
        platforms=platforms_of(played.text("platforms")),
        push=_yes(played.value("push")) or False,
        by_digest=False,
        meta=_meta_of(played, "meta-") if played.step.input("meta-images") else None,
        references=(),
        names=(),
        build_args=pairs_of(played.text("build-args")),
        labels=(),
        uses_meta_labels=played.text("set-meta-labels") == "true",
        bake_files=(played.text("files") or "docker-bake.hcl",) if is_bake else (),
    )


def platforms_of(text: str) -> tuple[str, ...]:
    """A list with commas or lines."""
    held = EXPRESSION.sub(lambda found: found[0].replace(",", "\0").replace(" ", "\1"), text)
    words = (word for word in re.split(r"[,\s]+", held) if word)
    return tuple(word.replace("\0", ",").replace("\1", " ") for word in words)


def _outputs(played: Played) -> tuple[str, ...]:
    return lines_of(played.text("outputs"))


def _names(outputs: Sequence[str]) -> Iterator[str]:
    for each in outputs:
        found = re.search(r'(?:^|,)(?:name=([^,"]+)|"name=([^"]+)")', each)
        if found:
            yield from (name.strip() for name in (found[1] or found[2]).split(","))


def _commas(line: str) -> list[str]:
    held = EXPRESSION.sub(lambda found: found[0].replace(",", "\0"), line)
    return [each.strip().replace("\0", ",") for each in held.split(",") if each.strip()]


def _meta(source: str, played: Played, plays: Sequence[Played]) -> Meta | None:
    """The metadata step that gives the tags."""
    wanted = [found[1] for found in _META.finditer(source)]
    for each in plays:
        here = each.job.name == played.job.name and each.leg_number == played.leg_number
        if here and each.step.uses == METADATA and each.step.identity in wanted:
            return _meta_of(each)
    return None


def _meta_of(played: Played, front: str = "") -> Meta:
    return Meta(
        images=lines_of(played.text(f"{front}images")),
        rules=lines_of(played.text(f"{front}tags")),
        flavor=lines_of(played.text(f"{front}flavor")),
        labels=lines_of(played.text(f"{front}labels")),
        annotations=lines_of(played.text(f"{front}annotations")),
        line=played.step.line,
        tags_line=played.step.line_of(f"{front}tags"),
        played=played,
    )


def _joined(played: Played, plays: Sequence[Played]) -> tuple[str, Meta | None]:
    """The job that joins what is pushed by digest, and the metadata step that it takes names of."""
    for each in plays:
        behind = each.job.name == played.job.name or played.job.name in _needed(each, plays)
        if behind and _MERGES.search(each.step.run):
            metas = [
                one
                for one in plays
                if one.job.name == each.job.name
                and one.leg_number == each.leg_number
                and one.step.uses == METADATA
            ]
            return each.job.name, _meta_of(metas[-1]) if metas else None
    return "", None


def _needed(played: Played, plays: Sequence[Played]) -> set[str]:
    """The jobs before a job, however far."""
    jobs = {each.job.name: each.job.needs for each in plays}
    found: set[str] = set()
    waiting = list(played.job.needs)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += jobs.get(name, ())
    return found


def _pushed_later(played: Played, references: Sequence[str], plays: Sequence[Played]) -> bool:
    """Whether a script of the same job pushes what was built into the engine."""
    if played.text("load") != "true":
        return False
    scripts = "\n".join(
        each.step.run
        for each in plays
        if each.job.name == played.job.name and each.leg_number == played.leg_number
    )
    return any(
        re.search(rf"docker push {re.escape(each)}\s", f"{scripts}\n") for each in references
    )


def _yes(value: Value) -> Value:
    """An input that is a text: `false` is no."""
    return value.strip().lower() == "true" if isinstance(value, str) else value
