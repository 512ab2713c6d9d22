"""`polyarch lint`: what is judged, what is told, and the exit code."""

import io
import json
import re
import sys
from pathlib import Path

import pytest

from polyarch.pipeline.lint_rules import all_rules
from tests.support.documents import ERROR, LINT, check
from tests.support.golden import compare, session
from tests.support.sarif_schema import check_sarif
from tests.support.tiny_project import Said, TinyProject

GOLDEN = Path(__file__).parent / "golden" / "lint"
CORPUS = Path(__file__).resolve().parents[3] / "shared" / "dockerfile" / "corpus"

GOOD = "FROM alpine:3.20\nCOPY a /a\n"
BAD = "FROM --platform=linux/amd64 alpine:3.20\nCOPY a /a\n"
SLOW = """\
FROM golang:1.24 AS build
WORKDIR /src
COPY . .
RUN CGO_ENABLED=0 go build -o /out/app .

FROM alpine:3.20
COPY --from=build /out/app /app
"""
BROKEN = "FROM alpine\nFRUM x\n"
PINNED = "services:\n  app:\n    platform: linux/amd64\n    build: .\n"
CONTROLS = {chr(code) for code in range(32)} - {"\n"} | {"\x7f"}


@pytest.fixture
def place(tmp_path: Path) -> TinyProject:
    """A folder that is no project."""
    return TinyProject.make(tmp_path / "nowhere", {}, git=False)


def linted(place: TinyProject, *words: str, code: int = 0) -> Said:
    """`lint --json`, whose document fits the schema."""
    said = place.run("lint", "--json", *words)
    assert said.code == code, said
    check(said.document, ERROR if said.document["schema"] == "polyarch.error/v1" else LINT)
    return said


def rules(said: Said, number: int = 0) -> list[str]:
    return [found["rule"] for found in said.document["files"][number]["findings"]]


def paths(said: Said) -> list[str]:
    return [file["path"] for file in said.document["files"]]


class TestFiles:
    def test_needs_nothing_at_all(self, place: TinyProject):
        place.write({"Dockerfile": GOOD})
        said = place.run("lint", "Dockerfile")
        assert (said.code, said.stdout) == (0, "1 file checked: nothing found\n")

    def test_what_a_file_is(self, place: TinyProject):
        kinds = {
            "Dockerfile": "dockerfile",
            "Containerfile.web": "dockerfile",
            "web.Dockerfile": "dockerfile",
            "compose.yaml": "compose",
            "docker-compose.prod.yml": "compose",
            "docker-bake.json": "bake",
            ".github/workflows/ci.yml": "workflow",
        }
        texts = {"dockerfile": GOOD, "compose": PINNED, "bake": "{}", "workflow": "jobs: {}\n"}
        place.write({name: texts[kind] for name, kind in kinds.items()})
        others = ("Dockerfile.j2", "Dockerfile.dockerignore", "node_modules/x/Dockerfile", "a.yaml")
        place.write(dict.fromkeys(others, GOOD))
        said = linted(place, ".")
        assert {each["path"]: each["kind"] for each in said.document["files"]} == kinds
        assert paths(linted(place)) == paths(said), "outside a project this folder is meant"

    def test_names_say_less_than_texts(self, place: TinyProject):
        place.write({"stack.yaml": PINNED, "Dockerfile.j2": BAD, "any": BAD, "x.json": "{}"})
        said = linted(place, "stack.yaml", "Dockerfile.j2", "any", "x.json", code=1)
        kinds = [each["kind"] for each in said.document["files"]]
        assert kinds == ["compose", "dockerfile", "dockerfile", "bake"]

    def test_each_once(self, place: TinyProject):
        place.write({"a/Dockerfile": GOOD})
        assert paths(linted(place, "a/Dockerfile", "a", "./a/../a/Dockerfile")) == ["a/Dockerfile"]

    def test_one_that_is_not_there(self, place: TinyProject):
        place.write({"Dockerfile": GOOD})
        said = linted(place, "Dockerfile", "none", code=3)
        assert said.document["files"][1]["error"]["code"] == "lint-file-not-found"
        assert "error: there is no file `none`\n" in said.stderr

    def test_nothing_to_look_at(self, place: TinyProject):
        assert linted(place, code=3).document["code"] == "nothing-to-lint"

    def test_one_that_cannot_be_parsed(self, place: TinyProject):
        place.write({"Dockerfile": BROKEN, "b/Dockerfile": GOOD, "c/Dockerfile": BAD})
        said = linted(place, "Dockerfile", code=2)
        assert "Dockerfile, line 2" in said.stderr
        linted(place, "Dockerfile", "b/Dockerfile", code=2)
        linted(place, "Dockerfile", "c/Dockerfile", code=1)

    def test_one_that_was_only_found_and_cannot_be_parsed(self, place: TinyProject):
        place.write({"a/Dockerfile": BROKEN, "b/Dockerfile": GOOD})
        said = linted(place, ".")
        assert "warning: a/Dockerfile: this is not a valid Dockerfile" in said.stderr
        linted(place, "a", code=2)

    @pytest.mark.parametrize("text", ["", "\n\n", "# nothing\n", "\0\0", "\x1b[2J"])
    def test_text_that_is_no_dockerfile(self, place: TinyProject, text: str):
        place.write({"Dockerfile": text})
        said = place.run("lint", "Dockerfile")
        assert said.code == 2
        assert not CONTROLS & set(said.stdout + said.stderr)

    def test_bytes_that_are_no_text(self, place: TinyProject):
        raw = b"\xef\xbb\xbfFROM --platform=linux/amd64 alpine:3.20 # \xff\xfe\nCOPY a\xff /a\n"
        (place.root / "Dockerfile").write_bytes(raw)
        said = place.run("lint", "Dockerfile")
        assert said.code in {1, 2}
        assert "bug" not in said.stderr

    def test_standard_input(self, place: TinyProject, monkeypatch: pytest.MonkeyPatch):
        def typed(text: str) -> None:
            monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))

        typed(BAD)
        said = linted(place, "-", code=1)
        assert (paths(said), rules(said)) == (["-"], ["PA101"])
        typed(PINNED)
        said = linted(place, "-", "--stdin-filename", "deploy/compose.yaml")
        assert (paths(said), rules(said)) == (["deploy/compose.yaml"], ["PA601"])
        assert place.run("lint", "--stdin-filename", "x").code == 2

    def test_what_is_in_a_project_is_judged_by_its_text_when_it_is_named(self, place: TinyProject):
        place.write({"polyarch.toml": "this is no config", "Dockerfile": BAD})
        linted(place, "Dockerfile", code=1)


class TestAsked:
    def test_platforms(self, place: TinyProject):
        place.write({"Dockerfile": BAD})
        [found] = linted(place, "Dockerfile", code=1).document["files"][0]["findings"]
        assert len(found["platforms"]) == 7
        said = linted(place, "-p", "linux/arm64,linux/amd64", "-p", "s390x", "Dockerfile", code=1)
        [found] = said.document["files"][0]["findings"]
        assert found["platforms"] == ["linux/arm64", "linux/s390x"]
        assert place.run("lint", "-p", "", "Dockerfile").code == 2
        assert place.run("lint", "-p", "linux/x/y/z", "Dockerfile").code == 2

    def test_the_machine_that_builds(self, place: TinyProject):
        place.write({"Dockerfile": SLOW})
        words = ("-p", "linux/amd64,linux/arm64", "Dockerfile")
        [found] = linted(place, *words).document["files"][0]["findings"]
        assert found["platforms"] == ["linux/arm64"]
        said = linted(place, "--build-platform", "linux/arm64", *words)
        assert said.document["files"][0]["findings"][0]["platforms"] == ["linux/amd64"]
        assert place.run("lint", "--build-platform", "amd64,arm64", "Dockerfile").code == 2

    def test_a_stage(self, place: TinyProject):
        place.write({"Dockerfile": f"FROM alpine AS first\n{BAD}"})
        assert rules(linted(place, "--target", "first", "Dockerfile")) == []
        linted(place, "--target", "none", "Dockerfile", code=2)

    @pytest.mark.parametrize(
        ("words", "found"),
        [
            ((), ["PA201", "PA101"]),
            (("--rule", "PA2"), ["PA201"]),
            (("--rule", "pa201,PA101"), ["PA201", "PA101"]),
            (("--rule", "emulated-go"), ["PA201"]),
            (("--ignore", "emulated-go", "--ignore", "PA1"), []),
            (("--rule", "PA2", "--ignore", "PA201"), []),
        ],
    )
    def test_rules(self, place: TinyProject, words: tuple[str, ...], found: list[str]):
        text = SLOW.replace("FROM alpine", "FROM --platform=linux/amd64 alpine")
        place.write({"Dockerfile": text})
        said = place.run("lint", "--json", *words, "Dockerfile")
        assert rules(said) == found

    def test_a_rule_that_is_none(self, place: TinyProject):
        said = linted(place, "--rule", "emulated-og", "Dockerfile", code=2)
        assert "did you mean `emulated-go`" in said.document["message"]

    @pytest.mark.parametrize(
        ("fail_on", "code"), [("error", 0), ("warning", 0), ("perf", 1), ("info", 1)]
    )
    def test_what_fails(self, place: TinyProject, fail_on: str, code: int):
        place.write({"Dockerfile": SLOW})
        said = linted(place, "--fail-on", fail_on, "Dockerfile", code=code)
        assert said.document["ok"] is (code == 0)

    def test_what_is_shown(self, place: TinyProject):
        place.write({"Dockerfile": "FROM alpine:3.20\nRUN apk add --no-cache curl\n"})
        said = place.run("lint", "Dockerfile")
        assert "PA403" not in said.stdout
        assert "1 less bad than `perf` not shown" in said.stdout
        assert "PA403" in place.run("lint", "--severity", "info", "Dockerfile").stdout
        assert rules(linted(place, "Dockerfile")) == ["PA403"]
        assert rules(linted(place, "--min-severity", "perf", "Dockerfile")) == []
        hidden = ("--severity", "error", "--fail-on", "info", "Dockerfile")
        assert "PA403" in place.run("lint", *hidden).stdout, "what fails is shown always"


class TestText:
    def test_as_a_person_sees_it(self, place: TinyProject):
        place.write({"Dockerfile": SLOW, "deploy/Dockerfile": BAD, "compose.yaml": PINNED})
        said = place.run("lint", "-p", "linux/amd64,linux/arm64", ".")
        compare(GOLDEN / "found.txt", session(place, "lint -p linux/amd64,linux/arm64 .", said))

    def test_sources_of_any_kind(self, place: TinyProject):
        """Wide characters, tabs, control characters, long lines, and spans over several lines."""
        url = "https://example.org/app-linux-amd64.tar.gz"
        text = (
            "FROM alpine:3.20\n"
            f"RUN echo 漢字漢字 \\\n\t&& wget {url}\n"
            f"RUN echo '\x1b[2J\x07\u202e' && wget {url}\n"
            f"RUN echo {'x' * 300} && wget {url} && echo {'y' * 300}\n"
            "ADD --chown=1 \\\n  --chmod=644 \\\n"
            f"  {url} /a\n"
        )
        (place.root / "Dockerfile").write_text(text)
        said = place.run("lint", "-p", "linux/arm64", "Dockerfile")
        assert not (CONTROLS | {"\u202e"}) & set(said.stdout)
        compare(GOLDEN / "sources.txt", session(place, "lint -p linux/arm64 Dockerfile", said))

    def test_carets_stand_below_what_is_meant(self, place: TinyProject):
        place.write({"Dockerfile": "FROM --platform=linux/amd64 alpine:3.20\nRUN 漢\n"})
        lines = place.run("lint", "Dockerfile").stdout.splitlines()
        at = next(i for i, line in enumerate(lines) if line.startswith("  1 | "))
        assert lines[at][lines[at + 1].index("^") :].startswith("--platform=linux/amd64")
        assert lines[at + 1].count("^") == len("--platform=linux/amd64")

    def test_quiet(self, place: TinyProject):
        place.write({"Dockerfile": GOOD, "b/Dockerfile": BAD})
        assert place.run("lint", "-q", "Dockerfile").stdout == ""
        said = place.run("lint", "-q", "b")
        assert "PA101" in said.stdout
        assert "checked" not in said.stdout

    def test_colours(self, place: TinyProject):
        place.write({"Dockerfile": BAD})
        assert "\x1b[" not in place.run("lint", "Dockerfile").stdout
        drawn = place.run("lint", "Dockerfile", on_terminal=True, more={"TERM": "xterm"})
        assert "\x1b[" in drawn.stdout
        plain = {"TERM": "xterm", "NO_COLOR": "1"}
        drawn = place.run("lint", "Dockerfile", on_terminal=True, more=plain)
        assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", drawn.stdout)

    @pytest.mark.parametrize(
        "name", ["a\nb", "\x1b[2J", "x\n::error::y", "[bold]x", "größe-😀", "a b", "--", "%0A"]
    )
    def test_names_of_files(self, place: TinyProject, name: str):
        folder = place.root / name
        folder.mkdir()
        (folder / "Dockerfile").write_text(BAD)
        for words in ((".",), ("--format", "github", ".")):
            said = place.run("lint", *words, more={"GITHUB_ACTIONS": "true"})
            assert said.code == 1, said
            assert not CONTROLS & set(said.stdout + said.stderr)
            assert "\n::error::" not in said.stdout + said.stderr
        assert paths(linted(place, ".", code=1)) == [f"{name}/Dockerfile"]
        sarif = place.run("lint", "--sarif", "-", ".")
        check_sarif(json.loads(sarif.stdout))


class TestForms:
    def test_sarif(self, place: TinyProject):
        place.write({"a/Dockerfile": SLOW, "b/Dockerfile": BROKEN, "c/Dockerfile": BAD})
        said = place.run("lint", "--sarif", "found.sarif", ".")
        assert said.code == 1
        document = json.loads((place.root / "found.sarif").read_text())
        check_sarif(document)
        [run] = document["runs"]
        assert [each["ruleId"] for each in run["results"]] == ["PA201", "PA101", "not-checked"]
        place_ = run["results"][1]["locations"][0]["physicalLocation"]
        assert place_["artifactLocation"]["uri"] == "c/Dockerfile"
        assert place_["region"] == {
            "startLine": 1, "startColumn": 6, "endLine": 1, "endColumn": 28,
        }  # fmt: skip

    def test_one_document_at_a_time(self, place: TinyProject):
        assert place.run("lint", "--json", "--sarif", "-", ".").code == 2

    def test_annotations(self, place: TinyProject):
        place.write({"sub/Dockerfile": BAD, "sub/b.Dockerfile": BROKEN})
        more = {"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(place.root)}
        said = place.run("lint", folder=place.root / "sub", more=more)
        assert said.code == 1
        told = [line for line in said.stderr.splitlines() if line.startswith("::")]
        start = "::error file=sub/Dockerfile,line=1,endLine=1,title=PA101 from-platform-constant,"
        assert told[0].startswith(f"{start}col=6,endColumn=28::")
        assert told[1].startswith("::warning file=sub/b.Dockerfile,line=2::this is not a valid")
        printed = place.run("lint", "--format", "github", folder=place.root / "sub", more=more)
        assert printed.stdout.splitlines() == told
        assert not [line for line in printed.stderr.splitlines() if line.startswith("::")]

    def test_annotations_are_escaped(self, place: TinyProject):
        place.write({"a,b:c%/Dockerfile": BAD})
        said = place.run("lint", "--format", "github", ".")
        assert "file=a%2Cb%3Ac%25/Dockerfile,line=1" in said.stdout
        assert said.stdout.count("\n") == 1

    def test_the_corpus_in_every_form(self, place: TinyProject):
        if not CORPUS.is_dir():
            pytest.skip("the corpus is not here")
        said = linted(place, *map(str, sorted(CORPUS.glob("*.Dockerfile"))), code=1)
        assert all(file["error"] is None for file in said.document["files"])
        check_sarif(json.loads(place.run("lint", "--sarif", "-", str(CORPUS)).stdout))
        drawn = place.run("lint", "--severity", "info", str(CORPUS))
        assert not CONTROLS & set(drawn.stdout)
        assert max(map(len, drawn.stdout.splitlines())) <= 160


class TestExplained:
    def test_every_rule(self, place: TinyProject):
        for rule in all_rules():
            said = place.run("lint", "--explain", rule.name)
            assert said == place.run("lint", "--explain", rule.id.lower())
            assert said.code == 0
            assert said.stdout.startswith(f"{rule.id} {rule.name}  {rule.severity.value}\n")
            assert max(map(len, said.stdout.splitlines())) <= 160

    def test_one_as_a_person_sees_it(self, place: TinyProject):
        said = place.run("lint", "--explain", "PA601")
        compare(GOLDEN / "explain.txt", session(place, "lint --explain PA601", said))

    def test_all(self, place: TinyProject):
        said = place.run("lint", "--explain", "all")
        assert all(rule.name in said.stdout for rule in all_rules())
        document = place.run("lint", "--explain", "all", "--json").document
        assert [each["rule"] for each in document["rules"]] == [rule.id for rule in all_rules()]

    def test_none(self, place: TinyProject):
        assert place.run("lint", "--explain", "PA999").code == 2

    def test_completion(self, place: TinyProject):
        more = {"_POLYARCH_COMPLETE": "bash_complete", "COMP_CWORD": "3"}
        words = {"COMP_WORDS": "polyarch lint --explain emulated-g"}
        assert "plain,emulated-go" in place.process(more=more | words).stdout
        words = {"COMP_WORDS": "polyarch lint --ignore PA101,PA20"}
        assert "plain,PA101,PA201" in place.process(more=more | words).stdout
