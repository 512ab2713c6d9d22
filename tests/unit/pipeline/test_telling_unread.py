"""A config that cannot be read is told by its first problem, never with a value of it."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.config.load import load_text
from polyarch.errors import ConfigNotFoundError, InvalidConfigError, PolyarchError
from polyarch.notify.notice import Kind
from polyarch.pipeline.telling_unread import Unread, stand_in
from tests.support.notices import NOTICE

SECRETS = st.text(st.sampled_from("abcXYZ0189-_~"), min_size=21, max_size=60)
FORMS = (
    '[images.app]\nplatforms = ["{}"]\n',
    '[images.app]\nplatforms = ["linux/amd64"]\nrepositories = ["{}:x/y z"]\n',
    '[images.app]\nplatforms = ["linux/amd64"]\ntags = ["type={}"]\n',
    '[images.app]\nplatforms = ["linux/amd64"]\nstrategy = "{}"\n',
    '[images.app]\nplatforms = ["linux/amd64"]\nmax-age = "{}"\n',
    '[images.app]\nplatforms = ["linux/amd64"]\n[notify]\non = ["{}"]\nurls-env = "u://{}"\n',
    '[images.app]\nplatforms = ["linux/amd64"]\n[builders.b]\nendpoint = "{}"\n',
    'x = "{}\n',
)


@given(st.sampled_from(FORMS), SECRETS)
def test_no_value_is_told(form: str, secret: str) -> None:
    try:
        load_text(form.replace("{}", secret))
    except PolyarchError as error:
        unread = Unread.of(error)
        assert secret not in f"{unread}"
        assert unread.what.isprintable()


@given(st.lists(st.text(), min_size=1), st.text())
def test_any_problem_is_one_line(problems: list[str], file: str) -> None:
    unread = Unread.of(InvalidConfigError(file, problems))
    told = unread.told_by(NOTICE)
    assert told == replace(NOTICE, what=told.what, where=told.where, hint=told.hint)
    assert all(text.isprintable() for text in (told.what, told.where, told.hint))


def test_problems_and_their_lines() -> None:
    unread = Unread.of(InvalidConfigError("/a/b/my.toml", ["images.a (line 7): `x` is bad", "c"]))
    assert unread.what == "`my.toml` cannot be read: images.a (line 7): `x` is bad (and 1 more)"
    assert unread.where == "my.toml, line 7"
    assert Unread.of(ConfigNotFoundError("/home/somebody")).where == ""


@pytest.mark.parametrize("environment", [None, "staging"])
def test_what_stands_in(environment: str | None) -> None:
    project = stand_in(Path("/nowhere"), environment)
    assert project.environment == environment
    assert not project.images
    assert project.notify.urls_env == "POLYARCH_NOTIFY_URLS"
    assert project.notify.on == (Kind.FAILURE, Kind.RECOVERY, Kind.ACT)
