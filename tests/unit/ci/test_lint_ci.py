"""Compose files, bake files and workflows that pin a platform, or build one by one."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.ci.fix_compose import unpinned
from polyarch.ci.lint_bake import lint_bake
from polyarch.ci.lint_compose import lint_compose
from polyarch.ci.lint_workflow import lint_workflow
from polyarch.ci.silence import silent_lines
from polyarch.dockerfile.lint.finding import LintFinding
from polyarch.errors import BakeFileError, StackError
from polyarch.oci.platform import Platform

CORPUS = Path(__file__).resolve().parents[4] / "shared" / "ci" / "corpus"
BOTH = tuple(map(Platform.parse, ("linux/amd64", "linux/arm64")))
ARM = BOTH[1:]


def told(found: Sequence[LintFinding]) -> list[tuple[str, str, int]]:
    return [(each.rule, each.severity.value, each.line) for each in found]


def compose(text: str) -> list[LintFinding]:
    return list(lint_compose(text.encode(), "compose.yaml", BOTH))


def bake(text: str, name: str = "docker-bake.hcl") -> list[LintFinding]:
    return list(lint_bake(text.encode(), name, BOTH))


class TestCompose:
    @pytest.mark.parametrize(
        ("service", "found"),
        [
            ("{build: ., platform: linux/amd64}", ["warning"]),
            ("{build: ., platform: '${P:-linux/amd64}'}", ["warning"]),
            ("{build: {platforms: [linux/arm64]}, platform: linux/amd64}", ["error"]),
            ("{build: {platforms: [linux/amd64, arm64]}, platform: linux/amd64}", ["warning"]),
            ("{image: mysql, platform: linux/amd64}", ["info"]),
            ("{build: {args: {TARGETARCH: amd64}}}", ["error"]),
            ("{build: {args: ['TARGETPLATFORM=linux/amd64', 'A=b']}}", ["error"]),
            ("{build: {args: ['TARGETARCH']}}", []),
            ("{build: {args: {VERSION: amd64}}}", []),
            ("{build: .}", []),
            ("{build: ., platform: '${P}'}", []),
            ("{build: ., platform: x/y/z/a}", []),
            ("{build: {platforms: [linux/amd64, linux/arm64]}}", []),
        ],
    )
    def test_one_service(self, service: str, found: list[str]):
        assert [each.severity.value for each in compose(f"services:\n  app: {service}\n")] == found

    def test_one_platform_that_is_the_only_one_wanted(self):
        text = b"services: {a: {build: ., platform: linux/arm64}}"
        assert not list(lint_compose(text, "c", ARM))

    @pytest.mark.parametrize("text", ["", "{}", "services:", "services: {a: }", "x: 1"])
    def test_nothing(self, text: str):
        assert compose(text) == []

    def test_places(self):
        text = "services:\n  app:\n    build: .\n    platform:  linux/amd64 # why\n"
        [found] = compose(text)
        assert found.line == 4
        assert found.span.of(text) == "linux/amd64"

    def test_taking_the_pin_out(self):
        text = (
            "services:\r\n  app: # here\r\n    build: .\r\n    platform: linux/amd64 # old\r\n"
            "    # stays\r\n  b: {build: ., platform: linux/amd64}\r\n"
        )
        new, gone = unpinned(text, compose(text))
        assert len(gone) == 1
        assert new == text.replace("    platform: linux/amd64 # old\r\n", "")


class TestBake:
    def test_one_platform(self):
        assert told(bake('target "a" {\n  platforms = ["linux/amd64"]\n}\n')) == [
            ("PA602", "info", 2)
        ]

    def test_several(self):
        assert bake('target "a" { platforms = ["linux/amd64", "linux/arm64"] }') == []
        assert bake('target "a" { context = "." }') == []

    def test_one_by_one_under_one_tag(self):
        text = """
        variable "TAG" { default = "1" }
        target "_all" { tags = ["app:${TAG}"] }
        target "amd" {
          inherits = ["_all"]
          platforms = ["linux/amd64"]
        }
        target "arm" {
          inherits = ["_all"]
          platforms = ["linux/arm64"]
        }
        """
        assert told(bake(text)) == [("PA602", "warning", 6), ("PA602", "warning", 10)]

    def test_arguments_of_the_builder(self):
        text = 'target "a" {\n args = {\n  TARGETARCH = "amd64"\n  X = null\n }\n}'
        assert told(bake(text)) == [("PA304", "error", 3)]

    def test_json(self):
        text = '{"target": {"a": {\n"platforms": ["linux/amd64"],\n\t"args": {"BUILDARCH": "x"}}}}'
        found = bake(text, "docker-bake.json")
        assert told(found) == [("PA304", "error", 3), ("PA602", "info", 2)]

    @pytest.mark.parametrize(
        "text",
        [
            'target "a" { platforms = FOO ? ["linux/amd64"] : [] }',
            'target "a" { platforms = concat(["linux/amd64"], x) }',
            'target "a" { platforms = [for p in x : p] }',
            'target "a" { platforms = ["linux/${arch}"] }',
            'target "a" { platforms = ["${x("}")}"] }',
            'target "a" { dockerfile-inline = <<EOT\nFROM x\n}{"\nEOT\n}',
            '# a "\n/* { */ // x\ntarget "a" {}\n',
            'function "f" {\n params = [a]\n result = "${a}$${b}%%{c}"\n}',
            'target "a" { matrix = { v = ["1", "2"] }\n name = "a-${v}" }',
        ],
    )
    def test_what_only_bake_knows_is_passed_over(self, text: str):
        assert bake(text) == []

    @pytest.mark.parametrize(
        "text",
        [
            'target "a" {',
            'a = "x',
            "a = [1, 2",
            "/* x",
            "a = <<E\nb",
            "}",
            "a = [)]",
            "= 1",
            "\x01",
        ],
    )
    def test_what_is_no_hcl(self, text: str):
        with pytest.raises(BakeFileError):
            bake(text)

    @given(st.text(alphabet='ab"{}[]()=,$%\\\n#/*<E: '))
    def test_any_text(self, text: str):
        for name in ("docker-bake.hcl", "docker-bake.json"):
            try:
                bake(text, name)
            except StackError:
                continue

    def test_depth_is_bounded(self):
        for text in ("a = " + "[" * 5000, 'b "c" {' * 5000, "a = " + "{a=" * 5000, '"${' * 5000):
            with pytest.raises(BakeFileError):
                bake(text)


HEAD = "jobs:\n  build:\n    runs-on: ubuntu-latest\n"
STEPS = "    steps:\n"
QEMU = "      - uses: docker/setup-qemu-action@v3\n"


def step(platforms: str, **inputs: str) -> str:
    told_ = "".join(f"          {name}: {value}\n" for name, value in inputs.items())
    given_ = f"          platforms: {platforms}\n" if platforms else ""
    return f"      - uses: docker/build-push-action@v6\n        with:\n{given_}{told_}"


def workflow(text: str, **more: object) -> list[LintFinding]:
    return list(lint_workflow(text.encode(), "ci.yml", BOTH, **more))  # type: ignore[arg-type]


class TestWorkflow:
    def test_an_emulator_that_is_missing(self):
        text = HEAD + STEPS + step("linux/amd64,linux/arm64", context=".")
        [found] = workflow(text)
        assert (found.severity.value, found.line, found.platforms) == ("info", 7, ARM)
        assert workflow(HEAD + STEPS + QEMU + step("linux/amd64,linux/arm64")) == []

    def test_a_dockerfile_that_is_known(self):
        asked: list[tuple[str, str]] = []

        def emulates(
            dockerfile: str, target: str, platforms: Sequence[Platform]
        ) -> tuple[Platform, ...]:
            asked.append((dockerfile, target))
            return tuple(platforms) if dockerfile == "web/Dockerfile" else ()

        text = HEAD + STEPS + step("linux/arm64", context="web", target="run")
        assert [x.severity.value for x in workflow(text, emulates=emulates)] == ["warning"]
        quiet = HEAD + STEPS + step("linux/arm64", context=".", file="x/Dockerfile")
        assert workflow(quiet, emulates=emulates) == []
        needless = HEAD + STEPS + QEMU + step("linux/arm64", file="x/Dockerfile")
        assert told(workflow(needless, emulates=emulates)) == [("PA602", "info", 5)]
        assert set(asked) == {("web/Dockerfile", "run"), ("x/Dockerfile", "")}

    @pytest.mark.parametrize(
        "other",
        [
            "      - uses: docker/setup-buildx-action@v3\n        with: {driver: cloud}\n",
            "      - uses: docker/setup-buildx-action@v3\n        with: {append: x}\n",
            "      - run: docker run --privileged tonistiigi/binfmt --install all\n",
            "      - run: docker buildx create --use --append ssh://arm\n",
            "      - uses: depot/setup-action@v1\n",
        ],
    )
    def test_other_ways_to_build_for_a_platform(self, other: str):
        assert workflow(HEAD + STEPS + other + step("linux/arm64")) == []

    @pytest.mark.parametrize("runner", ["[self-hosted, arm]", "${{ inputs.on }}", "buildjet-4"])
    def test_a_machine_that_nobody_knows(self, runner: str):
        text = HEAD.replace("ubuntu-latest", runner) + STEPS + QEMU + step("linux/arm64")
        assert workflow(text) == []

    def test_arm_machines(self):
        text = HEAD.replace("ubuntu-latest", "ubuntu-24.04-arm") + STEPS
        assert workflow(text + step("linux/arm64,linux/arm/v7")) == []
        assert len(workflow(text + step("linux/amd64"))) == 1

    def test_an_emulator_that_nothing_needs(self):
        assert told(workflow(HEAD + STEPS + QEMU + step("linux/amd64"))) == [("PA602", "info", 5)]
        assert workflow(HEAD + STEPS + QEMU) == []
        assert workflow(HEAD + STEPS + QEMU + step("${{ inputs.platforms }}")) == []
        run = "      - run: docker run --platform linux/arm64 x\n"
        assert workflow(HEAD + STEPS + QEMU + step("linux/amd64") + run) == []

    MATRIX = (
        "    strategy:\n      matrix:\n        include:\n"
        "          - {p: linux/amd64, on: ubuntu-latest}\n"
        "          - {p: linux/arm64, on: ubuntu-24.04-arm}\n"
    )
    LEGS = HEAD.replace("ubuntu-latest", "${{ matrix.on }}") + MATRIX + STEPS
    META = "      - id: meta\n        uses: docker/metadata-action@v5\n        with: {%s}\n"
    LEG = "${{ matrix.p }}"
    TOLD = "${{ steps.meta.outputs.tags }}"

    @pytest.mark.parametrize(
        ("more", "count"),
        [
            (step(LEG, push="true", tags="app:1"), 1),
            (step(LEG, push="${{ github.event_name }}", tags="${{ env.T }}"), 1),
            (META % "images: app" + step(LEG, push="true", tags=TOLD), 1),
            (META % "flavor: 'suffix=-${{ matrix.p }}'" + step(LEG, push="true", tags=TOLD), 0),
            (step(LEG, push="true", tags="app:1-${{ matrix.p }}"), 0),
            (step(LEG, push="true", tags="${{ steps.other.outputs.tags }}"), 0),
            (step(LEG, push="false", tags="app:1"), 0),
            (step(LEG, tags="app:1"), 0),
            (step(LEG, outputs="push-by-digest=true,push=true", tags="app"), 0),
            (step("linux/amd64", push="true", tags="app:1"), 0),
        ],
    )  # fmt: skip
    def test_runs_that_push_over_each_other(self, more: str, count: int):
        found = [each for each in workflow(self.LEGS + more) if each.severity.value == "warning"]
        assert len(found) == count

    def test_a_matrix_of_lists(self):
        text = (
            HEAD + "    strategy:\n      matrix:\n        p: [linux/amd64, linux/arm64]\n"
            "        v: [1, 2]\n        exclude: [{p: linux/arm64, v: 2}]\n"
            "        include: [{p: linux/arm64, extra: 1}]\n" + STEPS + QEMU
        )
        [found] = workflow(text + step(self.LEG, push="true", tags="app:1"))
        assert found.platforms == BOTH

    def test_platforms_that_are_asked_for(self):
        text = HEAD + STEPS + step("linux/amd64", push="true")
        assert workflow(text) == []
        [found] = workflow(text, wanted=BOTH)
        assert found.platforms == ARM
        assert workflow(HEAD + STEPS + step("linux/amd64"), wanted=BOTH) == [], "nothing is pushed"

    def test_arguments_of_the_builder(self):
        inputs = step("linux/amd64") + (
            "          build-args: |\n            V=1\n            TARGETARCH=arm64\n"
        )
        assert told(workflow(HEAD + STEPS + inputs)) == [("PA304", "error", 10)]

    @pytest.mark.parametrize(
        "text",
        ["", "jobs:", "jobs: {a: }", "jobs: {a: {steps: }}", "jobs: {a: {steps: [x, {uses: [1]}]}}",
         "jobs: {a: {strategy: x, steps: [{run: 1}]}}", "on: push"],
    )  # fmt: skip
    def test_nothing(self, text: str):
        assert workflow(text) == []

    def test_real_ones(self):
        files = sorted(CORPUS.glob("*.yml"))
        if not files:
            pytest.skip("the corpus is not here")
        found = {
            path.name[:3]: told(list(lint_workflow(path.read_bytes(), path.name, BOTH)))
            for path in files
        }
        assert {name: each for name, each in found.items() if each} == {
            "003": [("PA602", "info", 128)],  # runners of each platform, and QEMU beside them
            "005": [("PA602", "info", 55)],
            "006": [("PA602", "info", 56)],
            "015": [("PA602", "info", 55)],  # two platforms on one machine, and no QEMU
        }


def test_what_files_silence():
    text = "# polyarch: ignore=PA601,pa602 why\n# more\na: b\nc: d # polyarch: ignore=PA304\ne: f\n"
    silent = silent_lines(text)
    assert silent[3] == {"PA601", "PA602"}
    assert silent[4] == {"PA304"}
    assert 5 not in silent
