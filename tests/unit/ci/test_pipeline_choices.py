"""What a pipeline is decided to be: its machines, its triggers, its pins, its variables."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.ci.pipelines import runners
from polyarch.ci.pipelines.github_triggers import filter_pattern
from polyarch.ci.pipelines.gitlab_patterns import expression
from polyarch.ci.pipelines.pins import SHIPPED, Pin, is_release, is_sha, newest, pins_in
from polyarch.ci.pipelines.runners import GITHUB, Runner, runner_of
from polyarch.ci.pipelines.triggers import Pattern, Triggers, odd_time
from polyarch.config.load import load_text
from polyarch.metadata.glob import compile_glob
from polyarch.oci.platform import Platform
from tests.support.strategies import platforms

SHA = "0123456789" * 4


class TestRunners:
    @pytest.mark.parametrize(
        ("platform", "label", "emulated"),
        [
            ("linux/amd64", "ubuntu-24.04", False),
            ("linux/386", "ubuntu-24.04", False),
            ("linux/arm64", "ubuntu-24.04-arm", False),
            ("linux/arm/v7", "ubuntu-24.04-arm", False),
            ("linux/riscv64", "ubuntu-24.04", True),
        ],
    )
    def test_what_github_offers(self, platform: str, label: str, emulated: bool):
        found = runner_of(Platform.parse(platform), {}, GITHUB)
        assert (found.labels, found.emulated) == ((label,), emulated)

    def test_the_longest_beginning_counts(self):
        chosen = {"linux": "l", "linux/arm": "a, b", "linux/arm/v6": "emulate", "default": "d"}

        def found(name: str) -> Runner:
            return runner_of(Platform.parse(name), chosen, GITHUB)

        assert found("linux/arm/v7").labels == ("a", "b")
        assert found("linux/arm64").labels == ("l",)
        assert found("linux/arm/v6") == Runner(
            labels=("d",), emulated=True, reason="[runners]: linux/arm/v6 says emulate"
        )
        assert found("windows/amd64").emulated

    @given(
        platforms, st.dictionaries(st.sampled_from(["linux", "linux/arm", "default"]), st.just("x"))
    )
    def test_every_platform_gets_a_machine(self, platform: Platform, chosen: dict[str, str]):
        found = runner_of(platform, chosen, GITHUB)
        assert found.labels
        assert found.labels != (runners.EMULATE,)


class TestTriggers:
    def of(self, text: str) -> Triggers:
        image = '[images.a]\nplatforms = ["linux/amd64"]\nrepositories = ["team/a"]\n'
        return Triggers.of(load_text(image + text))

    def test_what_publishes_starts_it(self):
        found = self.of('[publish]\non = ["branch:main", "branch:v?", "tag:v*", "dispatch"]\n')
        assert found.branches == (Pattern(text="main"), Pattern(text="v?"))
        assert found.tags == (Pattern(text="v*"),)
        assert found.dispatch
        assert found.pull_request
        assert not found.release
        assert not found.schedule

    def test_triggers_go_before(self):
        found = self.of(
            '[triggers]\nbranches = ["x/**"]\nschedule = ["5 4 * * 1"]\nrelease = false\n'
            "pull-request = false\ndispatch = false\n"
        )
        assert found.branches == (Pattern(text="x/**", raw=True),)
        assert found.tags == (Pattern(text="v*"),)
        assert found.schedule == ("5 4 * * 1",)
        assert not found.release
        assert not found.pull_request
        assert not found.dispatch

    @given(st.text())
    def test_the_minute_is_odd(self, seed: str):
        minute, hour, *rest = odd_time(seed).split()
        assert int(minute) % 2 == 1
        assert int(minute) < 60
        assert int(hour) < 6
        assert rest == ["*", "*", "*"]
        assert odd_time(seed) == odd_time(seed)

    def test_a_rehearsal_is_for_one_branch(self):
        found = Triggers.rehearsal("try/[it]*")
        [branch] = found.branches
        assert compile_glob(branch.text).fullmatch("try/[it]*")
        assert not compile_glob(branch.text).fullmatch("try/it")
        assert (found.tags, found.schedule, found.release, found.pull_request) == (
            (),
            (),
            False,
            False,
        )


NAMES = st.text(alphabet="ab/v1.-+!$[]{}*?", min_size=1, max_size=8)
PIECES = st.one_of(
    st.sampled_from("ab/v1.-+!${}").map(lambda char: (char, char)),
    st.sampled_from("ab/*").map(lambda char: (f"[{char}x]", char)),
    st.text("ab.").map(lambda text: ("*", text)),
    st.text("ab/").map(lambda text: ("**", text)),
    st.sampled_from("ab+").map(lambda char: ("?", char)),
)
FITTING = st.lists(PIECES, min_size=1, max_size=6).map(
    lambda pieces: ("".join(one for one, _ in pieces), "".join(two for _, two in pieces))
)
"""Globs with names that they fit."""

GLOBS = st.text(alphabet="ab/v1.-+!$*?{}", min_size=1, max_size=8)


def fits_filter(pattern: str, name: str) -> bool:
    """GitHub's filters as docs.github.com tells them, those signs that are written here."""
    told = re.sub(
        r"\\(.)|(\*\*)|(\*)|(.)",
        lambda found: (
            re.escape(found[1] or found[4])
            if found[1] or found[4]
            else ".*"
            if found[2]
            else "[^/]*"
        ),
        pattern,
    )
    return bool(re.fullmatch(told, name))


class TestPatterns:
    @given(FITTING)
    def test_no_name_is_lost_at_github(self, pair: tuple[str, str]):
        glob, name = pair
        assert compile_glob(glob).fullmatch(name)
        assert fits_filter(filter_pattern(Pattern(text=glob)), name)

    @pytest.mark.parametrize(
        ("glob", "pattern"),
        [
            ("main", "main"),
            ("v*", "v*"),
            ("release/**", "release/**"),
            ("v?", "v*"),
            ("v[0-9]", "v*"),
            ("a[*]", "a\\*"),
            ("c++", "c\\+\\+"),
            ("!x", "\\!x"),
            ("a${{ b }}", "a*{{ b }}"),
        ],
    )
    def test_github(self, glob: str, pattern: str):
        assert filter_pattern(Pattern(text=glob)) == pattern

    @given(GLOBS, NAMES)
    def test_gitlab_fits_the_same_names(self, glob: str, name: str):
        found = expression(Pattern(text=glob))
        assert found[0] == found[-1] == "/"
        inner = found[1:-1].replace("\\/", "/")
        assert bool(re.fullmatch(inner, name)) == bool(compile_glob(glob).fullmatch(name))

    @given(st.text(min_size=1), st.booleans())
    def test_gitlab_expressions_stay_expressions(self, text: str, raw: bool):
        """No quote, no dollar but the last, no slash that ends it, no space."""
        found = expression(Pattern(text=text, raw=raw))
        assert re.fullmatch(r'/(?:[^/\\"$\s]|\\.|[^\x00-\x7f])+\$?/', found)


class TestPins:
    def test_the_table_is_of_releases(self):
        for action, pin in SHIPPED.items():
            assert action == pin.action
            assert is_sha(pin.sha)
            assert is_release(pin.tag)

    def test_a_newer_release_of_the_same_major_is_kept(self):
        old = SHIPPED["actions/checkout"]
        newer = Pin(action=old.action, tag=f"v{old.major}.99.0", sha=SHA)
        text = f"steps:\n  - uses: {newer.action}@{SHA} # {newer.tag}\n"
        assert pins_in(text) == (newer,)
        assert newest(pins_in(text))[old.action] == newer

    @pytest.mark.parametrize("tag", ["v0.1.0", "v99.0.0"])
    def test_other_majors_and_older_ones_are_not(self, tag: str):
        text = f"      - uses: actions/checkout@{SHA} # {tag}\n"
        assert newest(pins_in(text)) == SHIPPED

    @given(st.text())
    def test_any_text_may_stand_there(self, text: str):
        assert set(newest(pins_in(text))) == set(SHIPPED)
        assert all(is_sha(pin.sha) for pin in newest(pins_in(text)).values())
