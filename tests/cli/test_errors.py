"""Bad input: what failed and why, where, what next; and the exit code that scripts rely on.

Each case is a golden file. With `--json` the same error is one document, whatever went wrong.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support.documents import ERROR, check
from tests.support.golden import compare, session
from tests.support.tiny_project import FILES, TOML, TinyProject

GOLDEN = Path(__file__).parent / "golden" / "errors"

SMALL = '[images.app]\nplatforms = ["linux/s390x"]\n'
DOCKERFILE = "FROM debian:bookworm\nRUN true\n"
CHAIN = """\
[defaults]
platforms = ["linux/s390x"]
[images.a]
dockerfile = "a.Dockerfile"
contexts = { b = "image:b" }
[images.b]
dockerfile = "b.Dockerfile"
contexts = { c = "image:c" }
[images.c]
direct = { base = "image:a", files = [{ from = "x", to = "/x" }] }
"""


def direct(run: str, files: str = '{ from = "{out}/app", to = "/app" }') -> str:
    return f"{SMALL}[images.app.direct]\nrun = {run}\nfiles = [{files}]\n"


@dataclass(frozen=True, kw_only=True)
class Case:
    """A project, what is typed in it, and how it ends; `given` has what differs from the usual."""

    words: str
    code: int
    given: Mapping[str, str] = field(default_factory=dict)
    without: str = ""
    before: Callable[[TinyProject], object] = lambda _: None


def toml(text: str, **more: str) -> Mapping[str, str]:
    return {"polyarch.toml": text, **more}


CASES: Mapping[str, Case] = {
    # the config
    "no-config": Case(words="plan --offline", code=2, without="polyarch.toml"),
    "config-unreadable": Case(words="plan --offline -c nowhere.toml", code=2),
    "config-is-a-folder": Case(words="plan --offline -c .", code=2),
    "broken-toml": Case(words="plan --offline", code=2, given=toml('[images.app\nx = "1"\n')),
    "several-problems": Case(
        words="build",
        code=2,
        given=toml(
            '[images.app]\nplatforms = ["linux/arm46", "linux/amd64"]\nrepositores = ["x"]\n'
            'engine = "podman"\n[images.web]\ncontext = "/abs"\n[groups]\nall = ["app", "wep"]\n'
        ),
    ),
    "unknown-placeholder": Case(
        words="plan --offline", code=2, given=toml(direct('["go", "{goarhc}"]'))
    ),
    "no-image": Case(words="plan --offline", code=2, given=toml("[defaults]\n")),
    # names
    "unknown-image": Case(words="plan --offline wep", code=3),
    "unknown-group": Case(words="build @release", code=3),
    "glob-without-match": Case(words="publish --sandbox web-*", code=3),
    "platform-not-in-project": Case(words="plan --offline -p linux/riscv64", code=3),
    "unknown-platform": Case(words="plan --offline -p linux/arm46", code=2),
    "empty-platform": Case(words="build --platform=", code=2),
    "unknown-environment": Case(words="plan --offline --env staging", code=3),
    "unknown-revision": Case(words="plan --offline --changed-since v0", code=2),
    "changed-since-an-option": Case(words="plan --offline --changed-since=--output=x", code=2),
    # the command line
    "unknown-verb": Case(words="pulbish", code=2),
    "unknown-option": Case(words="plan --ofline", code=2),
    "missing-value": Case(words="plan --ref", code=2),
    "missing-argument": Case(words="inspect", code=2),
    "too-many-arguments": Case(words="inspect a b", code=2),
    "unknown-event": Case(words="plan --offline --event pusch", code=2),
    "short-ref": Case(words="plan --offline --event push --ref main", code=2),
    "ref-without-event": Case(words="plan --offline --ref refs/heads/main", code=2),
    "no-commit": Case(words="plan --offline --event push --sha HEAD~1", code=2),
    "no-time": Case(words="plan --offline --now yesterday", code=2),
    "allow-local-unpushed": Case(words="publish --allow-local", code=2),
    "sandbox-without-password": Case(words="sandbox --auth basic", code=2),
    "sandbox-port": Case(words="sandbox --port 65536", code=2),
    "completion-shell": Case(words="completion tcsh", code=2),
    # places
    "inspect-no-folder": Case(words="inspect oci:nowhere", code=3),
    "inspect-no-layout": Case(words="inspect oci:.", code=1),
    "inspect-no-reference": Case(words="inspect Debian:Bookworm", code=2),
    "inspect-no-digest": Case(words="inspect debian@sha256:123", code=2),
    "inspect-a-program": Case(words="inspect file:app", code=2),
    # what the config names
    "no-dockerfile": Case(words="plan --offline", code=2, given=toml(SMALL)),
    "broken-dockerfile": Case(
        words="plan --offline", code=2, given=toml(SMALL, Dockerfile="FROM a\nRUM make\n")
    ),
    "no-stage": Case(
        words="plan --offline",
        code=2,
        given=toml(f'{SMALL}target = "relase"\n', Dockerfile="FROM a AS release\n"),
    ),
    "broken-ignore": Case(
        words="build",
        code=2,
        given=toml(direct('["sh"]'), **{".dockerignore": "a\n[b\n"}),
    ),
    "circle": Case(
        words="plan --offline",
        code=2,
        given=toml(CHAIN, x="x", **{"a.Dockerfile": "FROM b\n", "b.Dockerfile": "FROM c\n"}),
    ),
    "no-context": Case(
        words="plan --offline",
        code=2,
        given=toml(f'{SMALL}context = "web"\ndockerfile = "Dockerfile"\n', Dockerfile=DOCKERFILE),
    ),
    "invalid-tag": Case(
        words="plan --offline --event push --ref refs/heads/-",
        code=2,
        given=toml(TOML.replace('"type=semver,pattern={{version}}", "type=sha"', "")),
    ),
    "invalid-rule": Case(
        words="plan --offline",
        code=2,
        given=toml(TOML.replace('"type=sha"', '"type=shaa"')),
    ),
    "invalid-expression": Case(
        words="plan --offline",
        code=2,
        given=toml(TOML.replace("make.sh", "{{version")),
    ),
    "two-images-under-one-tag": Case(
        words="plan --offline",
        code=2,
        given=toml(
            TOML.replace('/{image}"', '/app"')
            + '[images.web.direct]\nfiles = [{ from = "make.sh", to = "/" }]\n'
        ),
    ),
    # engines
    "no-engine": Case(words="plan --offline", code=4, given=toml(SMALL, Dockerfile=DOCKERFILE)),
    "engine-absent": Case(
        words="build",
        code=4,
        given=toml(f'{SMALL}engine = "buildx"\n', Dockerfile="FROM scratch\nCOPY *.toml /\n"),
    ),
    "no-recipe": Case(words="plan --offline", code=2, given=toml(f'{SMALL}engine = "direct"\n')),
    "nothing-to-lay": Case(
        words="build", code=2, given=toml(f'{SMALL}[images.app.direct]\nrun = ["sh"]\n')
    ),
    "load-without-engine": Case(words="build --load -p s390x", code=4),
    # the work
    "command-fails": Case(
        words="build",
        code=1,
        given=toml(direct('["sh", "-c", "echo working; echo no room >&2; exit 3"]')),
    ),
    "command-is-absent": Case(words="build", code=1, given=toml(direct('["no-such-compiler"]'))),
    "command-makes-nothing": Case(words="build", code=2, given=toml(direct('["sh", "-c", ":"]'))),
    "file-outside": Case(
        words="build",
        code=2,
        given=toml(direct("[]", '{ from = "../../secret", to = "/x" }')),
    ),
    "base-not-to-be-had": Case(
        words="build",
        code=5,
        given=toml(f'{SMALL}direct = {{ base = "127.0.0.1:1/team/base", files = [] }}\n'),
    ),
    # this machine
    "state-is-a-file": Case(
        words="build", code=4, before=lambda p: (p.root / ".polyarch").write_text("!")
    ),
    "parts-is-a-file": Case(
        words="build -p s390x", code=4, before=lambda p: p.write({".polyarch/parts": "!"})
    ),
    "runs-is-a-file": Case(
        words="build", code=4, before=lambda p: p.write({".polyarch/runs": "!"})
    ),
}  # fmt: skip


@pytest.fixture
def in_case(tmp_path: Path, request: pytest.FixtureRequest) -> tuple[str, Case, TinyProject]:
    name: str = request.param
    case = CASES[name]
    files = {key: text for key, text in {**FILES, **case.given}.items() if key != case.without}
    project = TinyProject.make(tmp_path / "project", files)
    case.before(project)
    return name, case, project


@pytest.mark.parametrize("in_case", CASES, indirect=True)
def test_three_lines_and_a_code(in_case: tuple[str, Case, TinyProject]):
    name, case, project = in_case
    said = project.run(*case.words.split())
    assert said.code == case.code, said
    assert said.stdout == ""
    lines = said.stderr.splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith("error: "))
    assert [line for line in lines[start:] if line.startswith("  where: ")], said
    assert [line for line in lines[start:] if line.startswith("  hint: ")], said
    assert "Traceback" not in said.stderr
    compare(GOLDEN / f"{name}.txt", session(project, case.words, said))


@pytest.mark.parametrize("in_case", CASES, indirect=True)
def test_one_document_on_stdout(in_case: tuple[str, Case, TinyProject]):
    _, case, project = in_case
    if case.words.startswith(("completion", "pulbish")):
        return  # no verb that would know `--json`
    said = project.run(*case.words.split(), "--json")
    assert said.code == case.code, said
    check(said.document, ERROR)
    assert said.document["exit_code"] == case.code
    assert said.document["where"]
    assert said.document["hint"]


@pytest.mark.parametrize("in_case", CASES, indirect=True)
def test_quiet_keeps_the_error(in_case: tuple[str, Case, TinyProject]):
    _, case, project = in_case
    if case.words.startswith(("completion", "pulbish")):
        return
    said = project.run(*case.words.split(), "--quiet")
    assert said.code == case.code
    assert said.stdout == ""
    assert said.stderr.startswith(("error: ", "warning: ")), said


def test_every_golden_file_is_a_case():
    assert {path.stem for path in GOLDEN.iterdir()} == set(CASES)


class TestFailedBuild:
    """The last lines are told, and the whole log is where the hint says."""

    @pytest.fixture
    def failing(self, tmp_path: Path) -> TinyProject:
        script = 'n=0\nwhile [ $n -lt 500 ]; do echo "line $n"; n=$((n+1)); done\nexit 3\n'
        files = {**toml(direct('["sh", "make.sh"]')), "make.sh": script}
        return TinyProject.make(tmp_path / "project", files)

    def test_the_log_is_whole(self, failing: TinyProject):
        said = failing.run("build", "--json")
        assert said.code == 1
        log = Path(said.document["hint"].partition("the whole log is `")[2].rstrip("`"))
        assert log.is_relative_to(failing.runs[-1])
        lines = log.read_text().splitlines()
        assert [line for line in lines if line.startswith("line ")] == [
            f"line {n}" for n in range(500)
        ]
        assert "line 499" in said.document["message"]
        assert "line 400" not in said.document["message"]

    def test_nothing_half_built_is_left(self, failing: TinyProject):
        failing.run("build")
        assert [p for p in failing.files(below=".polyarch/parts") if p.name != ".lock"] == []

    def test_an_older_part_stays(self, failing: TinyProject):
        failing.toml(direct('["sh", "make.sh", "{out}"]'))
        failing.write({"make.sh": 'printf x > "$1/app"\n'})
        first = failing.run("build", "--json").document["parts"][0]["digest"]
        failing.write({"make.sh": "exit 3\n"})
        assert failing.run("build").code == 1
        failing.write({"make.sh": 'printf x > "$1/app"\n'})
        again = failing.run("build", "--json").document["parts"][0]
        assert (again["digest"], again["reused"]) == (first, True)

    def test_the_failure_is_in_the_record(self, failing: TinyProject):
        failing.run("build")
        assert '"event": "BuildFailed"' in (failing.runs[-1] / "events.jsonl").read_text()
