"""Values that grow without an end: each is given up at a size, and nothing runs out."""

import resource
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.ci.expression_values import LONGEST, Table, Unknown, Value, text_of
from polyarch.ci.expressions import fill, value_of_text
from polyarch.ci.importing.shell import run_script
from polyarch.ci.importing.shell_words import UnclearError, word_value
from polyarch.pipeline.init import InitRequest, Written, from_workflow

LEVELS = range(1, 10)
TIMES = 10
BUILD = """\
      - uses: docker/build-push-action@v6
        with: {context: ., push: true, platforms: linux/amd64, tags: "team/app:${{ %s }}"}
"""


def by_env() -> str:
    lines = ["on: push", "env:", "  A0: xxxxxxxxxx"]
    lines += [f"  A{n}: '{f'${{{{ env.A{n - 1} }}}}' * TIMES}'" for n in LEVELS]
    lines += ["jobs:", "  one:", "    runs-on: ubuntu-24.04", "    steps:"]
    return "\n".join(lines) + "\n" + BUILD % "env.A9"


def by_scripts() -> str:
    lines = ["on: push", "jobs:", "  one:", "    runs-on: ubuntu-24.04", "    steps:"]
    lines.append("      - run: echo A0=xxxxxxxxxx >> $GITHUB_ENV")
    lines += [f"      - run: echo A{n}={f'${{A{n - 1}}}' * TIMES} >> $GITHUB_ENV" for n in LEVELS]
    return "\n".join(lines) + "\n" + BUILD % "env.A9"


def by_outputs() -> str:
    lines = ["on: push", "jobs:", "  j0:", "    runs-on: x", "    outputs: {v: xxxxxxxxxx}"]
    lines.append("    steps: [{run: 'true'}]")
    for n in LEVELS:
        ten = f"${{{{ needs.j{n - 1}.outputs.v }}}}" * TIMES
        lines += [f"  j{n}:", f"    needs: j{n - 1}", "    runs-on: x"]
        lines += ["    outputs:", f"      v: '{ten}'", "    steps: [{run: 'true'}]"]
    lines += ["  one:", "    needs: j9", "    runs-on: x", "    steps:"]
    return "\n".join(lines) + "\n" + BUILD % "needs.j9.outputs.v"


def by_format() -> str:
    nested = "'xxxxxxxxxx'"
    for _ in LEVELS:
        nested = f"format('{'{0}' * TIMES}', {nested})"
    lines = ["on: push", "jobs:", "  one:", "    runs-on: ubuntu-24.04", "    steps:"]
    return "\n".join(lines) + "\n" + BUILD % nested


@pytest.fixture
def little_memory() -> Iterator[None]:
    """What is there already and 400 MB besides; an endless text ends in a MemoryError."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + 400 * 2**20, hard))
    yield
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def imported(folder: Path, text: str) -> Written:
    (folder / "w.yml").write_text(text)
    request = InitRequest(
        root=folder, git=None, repository="team/app", default_branch="main", values={}
    )
    return from_workflow(folder / "w.yml", request)


@pytest.mark.usefixtures("little_memory")
@pytest.mark.parametrize("text", [by_env(), by_scripts(), by_outputs(), by_format()], ids=[
    "env", "scripts", "outputs", "format",
])  # fmt: skip
def test_values_that_grow_tenfold_nine_times_are_unknown_and_told(
    tmp_path: Path, text: str
) -> None:
    start = time.process_time()
    written = imported(tmp_path, text)
    assert time.process_time() - start < 10
    (image,) = written.draft.images
    assert not image.keys["tags"]
    assert not image.keys["repositories"]
    left = [each for each in written.draft.told if each.kind.name == "LEFT"]
    assert any(each.what.startswith("${{ ") for each in left)
    assert any("run alone" in each.why for each in left)
    assert "x" * 100 not in written.text


def test_a_text_at_the_bound_is_known_and_one_beyond_is_not() -> None:
    half: dict[str, Value] = {"env": Table(values={"a": "x" * (LONGEST // 2)})}
    assert fill("${{ env.a }}${{ env.a }}", half).text == "x" * LONGEST
    beyond = fill("${{ env.a }}${{ env.a }}y", half)
    assert beyond.unknown == ("a text of this size",)
    assert beyond.text == "${{ env.a }}${{ env.a }}y"


@pytest.mark.usefixtures("little_memory")
@pytest.mark.parametrize(
    "expression",
    [
        "format(env.places, env.long)",
        "join(fromJSON(env.list), env.long)",
        f"{'toJSON(' * 40}env.quotes{')' * 40}",
        "toJSON(needs)",
    ],
)
def test_functions_give_up_what_is_too_long(expression: str) -> None:
    deep: Value = "x" * 1000
    for _ in range(12):
        deep = Table(values={str(n): deep for n in range(10)})
    values: dict[str, Value] = {
        "places": "{0}" * (LONGEST // 3),
        "long": "x" * LONGEST,
        "list": f"[{','.join('1' * 1000)}]",
        "quotes": '"' * 1000,
    }
    contexts: dict[str, Value] = {"env": Table(values=values), "needs": deep}
    found = value_of_text(f"${{{{ {expression} }}}}", contexts)
    assert isinstance(found, Unknown)
    assert len(found.text) < 2000


@pytest.mark.usefixtures("little_memory")
@pytest.mark.parametrize(
    "script",
    [
        f"x={'a' * 1000}\n" + "x=$x$x\n" * 40,
        f"x={'a' * 1000}\n" + f"x=${{x//a/{'a' * 100}}}\n" * 9,
        'x=$(echo aaaaaaaaaa | sed "s/a/aaaaaaaaaa/g"' + ' -e "s/a/aaaaaaaaaa/g"' * 12 + ")",
    ],
)
def test_scripts_give_up_what_is_too_long(script: str) -> None:
    written = run_script(f'{script}\necho "a=$x" >> $GITHUB_OUTPUT', {}, "here")
    assert written.outputs == {"a": Unknown.of("steps.here.outputs.a")}


@given(st.lists(st.integers(min_value=0, max_value=LONGEST), max_size=5))
def test_no_word_is_longer_than_the_bound(lengths: list[int]) -> None:
    variables: dict[str, Value] = {f"v{n}": "x" * size for n, size in enumerate(lengths)}
    try:
        value = word_value("".join(f"$v{n}" for n in range(len(lengths))) or "y", variables)
    except UnclearError:
        return
    if sum(lengths) > LONGEST:
        assert isinstance(value, Unknown)
    assert len(text_of(value)) <= LONGEST


def test_a_hundred_builds_are_read_and_the_next_is_told(tmp_path: Path) -> None:
    numbers = ", ".join(map(str, range(101)))
    lines = ["on: push", "jobs:", "  one:", "    runs-on: ubuntu-24.04", "    strategy:"]
    lines += [f"      matrix: {{number: [{numbers}]}}", "    steps:"]
    build = BUILD.replace("team/app:${{ %s }}", "team/app-${{ matrix.number }}:1")
    build = build.replace("context: .", "context: ., file: 'Dockerfile.${{ matrix.number }}'")
    written = imported(tmp_path, "\n".join(lines) + "\n" + build)
    assert len(written.draft.images) == 100
    (told,) = [each for each in written.draft.told if each.kind.name == "LEFT"]
    assert told.what == "builds beyond the first 100"
