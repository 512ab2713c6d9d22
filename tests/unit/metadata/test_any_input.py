"""Whatever comes in, names or a refusal come out; and tags are those that the reference makes."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from polyarch.errors import PolyarchError
from polyarch.host.ci_event import CiEvent, Provider
from polyarch.host.repository import RepositoryFacts, known_repository
from polyarch.metadata.bake import bake_files
from polyarch.metadata.inputs import Inputs
from polyarch.metadata.outputs import Metadata
from polyarch.metadata.tagname import is_valid_tag
from polyarch.pipeline.metadata import action_metadata, output_text, write_outputs
from tests.support.runner_files import runner_reads
from tests.support.strategies import json_values

texts = st.text(max_size=30)

templates = st.lists(
    st.sampled_from(
        [
            "{{branch}}", "{{tag}}", "{{sha}}", "{{base_ref}}", "{{{branch}}}", "{{&tag}}",
            "{{is_default_branch}}", "{{is_not_default_branch}}", "{{version}}", "{{raw}}",
            "{{major}}.{{minor}}.{{patch}}", "{{date 'YYYY-MM-DD'}}", "{{date}}", "{{date 'L'",
            "{{commit_date 'X' tz='Asia/Tokyo'}}", "{{date '' tz='nowhere'}}", "{{date 5}}",
            "{{#if branch}}", "{{else}}", "{{/if}}", "{{~", "~}}", "{{!", "}}", "\\{{x}}", "v1.2.3",
            "1.2.3-rc.1", "1!2.0.post1+u.1", "latest", "true", "false", "/(a+)+$/g", "(",
            "é😀", "\n",
        ]
    )
    | texts,
    max_size=4,
).map("".join)  # fmt: skip

keys = st.sampled_from(
    [
        "type", "pattern", "value", "match", "group", "event", "branch", "format", "enable",
        "priority", "prefix", "suffix", "latest", "onlatest", "name", "TYPE", "",
    ]
)  # fmt: skip

values = templates | st.sampled_from(
    [
        "schedule", "semver", "pep440", "match", "edge", "ref", "raw", "sha", "pr", "tag",
        "short", "long", "auto", "1e400", "-0", "0x10", "NaN", "Infinity", r"\d+", "/v(.*)/i",
    ]
)  # fmt: skip

fields = st.builds("{}={}".format, keys, values) | templates
items = st.lists(fields, max_size=4).map(",".join) | st.sampled_from(
    [
        "type=semver,pattern={{version}}", "type=ref,event=branch", "type=ref,event=tag",
        "type=match,pattern=(.*),group=1", "type=sha", "type=edge", "type=schedule", "a/b",
        '"type=match,""pattern=a{1,2}"""', "type=pep440,pattern={{major}}", "latest=true",
    ]
)  # fmt: skip
lists = st.lists(items, max_size=5).map("\n".join)

refs = st.builds(
    "{}{}".format,
    st.sampled_from(["refs/heads/", "refs/tags/", "refs/tags/v", "refs/pull/", "", "refs/"]),
    st.sampled_from(["main", "v1.2.3", "1.2.3-rc.1+b", "15/merge", "a" * 300]) | texts,
)

inputs = st.fixed_dictionaries(
    {},
    optional={
        "images": lists, "tags": lists, "flavor": lists, "labels": lists, "annotations": lists,
        "sep-tags": texts, "sep-labels": texts, "sep-annotations": texts, "bake-target": texts,
    },
)  # fmt: skip

switches = st.fixed_dictionaries(
    {},
    optional={
        "DOCKER_METADATA_SHORT_SHA_LENGTH": st.sampled_from(["", "0", "-3", "0xc", "1e400", "x"])
        | texts,
        "DOCKER_METADATA_ANNOTATIONS_LEVELS": st.sampled_from(["index,", ":", "a:b,c"]) | texts,
    },
)

payloads: st.SearchStrategy[dict[str, Any]] = st.dictionaries(
    st.sampled_from(["repository", "pull_request", "base_ref", "head_commit", "commits", "number"]),
    json_values
    | st.dictionaries(st.sampled_from(["default_branch", "base", "head", "license"]), json_values),
    max_size=4,
)

times = st.datetimes(timezones=st.just(UTC))

events = st.builds(
    CiEvent,
    provider=st.just(Provider.GITHUB),
    name=st.sampled_from(["push", "schedule", "create", "pull_request_target", "release"]) | texts,
    ref=refs,
    sha=st.sampled_from(["", "860c1904a1ce19322e91ac35af1ab07466440c37"]) | texts,
    payload=payloads,
    base_ref=st.none() | texts,
    default_branch=st.none() | texts | st.just("main"),
    commit_time=st.none() | times,
)

ASCII_TAG = re.compile(r"[A-Za-z0-9._-]*")


def made(
    given_: dict[str, str], event: CiEvent, environment: dict[str, str], now: datetime
) -> Metadata | None:
    repository: RepositoryFacts = known_repository(event, None)
    try:
        return action_metadata(Inputs.read(given_), event, repository, environment, now=now)
    except PolyarchError as error:
        assert error.message, "a refusal says what was wrong"
        return None


@settings(max_examples=300)
@given(inputs, events, switches, times)
def test_any_raw_text_is_a_result_or_a_refusal(
    given_: dict[str, str], event: CiEvent, environment: dict[str, str], now: datetime
):
    metadata = made(given_, event, environment, now)
    if metadata is None:
        return
    for name in metadata.version.tag_names:
        assert ASCII_TAG.fullmatch(name)
        told = any(f"`{name}` is no tag" in warning for warning in metadata.warnings)
        assert told == (not is_valid_tag(name)), name
    for name in (*metadata.texts(), "json", *bake_files(metadata)):
        output_text(metadata, name).encode()


@settings(max_examples=300)
@given(st.lists(items, max_size=4), st.lists(items, max_size=3), events, times)
def test_any_split_item_is_a_result_or_a_refusal(
    tags: list[str], flavor: list[str], event: CiEvent, now: datetime
):
    split = Inputs(tags=tuple(tags), flavor=tuple(flavor), labels=tuple(tags))
    try:
        metadata = action_metadata(split, event, known_repository(event, None), {}, now=now)
    except PolyarchError as error:
        assert error.message
    else:
        version = metadata.version
        assert len(version.explanations) == max(1, len(tags)) + version.latest or not tags


hostile = st.text(
    st.sampled_from("\n\r<=ghadelimiter_EOF:%0A$(`'\"\x1b\u2028\ud800😀") | st.characters(),
    max_size=40,
)


@settings(max_examples=100)
@given(st.dictionaries(st.sampled_from(["sep-tags", "labels", "annotations"]), hostile))
def test_any_value_arrives_whole(tmp_path_factory: Any, given_: dict[str, str]):
    from polyarch.host.github_files import append_values

    folder: Path = tmp_path_factory.mktemp("runner")
    event = CiEvent(provider=Provider.GITHUB, name="push", ref="refs/heads/a", sha="")
    metadata = made({"tags": "type=raw,a\ntype=raw,b", **given_}, event, {}, datetime.now(UTC))
    if metadata is None:
        return
    values = write_outputs(metadata, str(folder))
    append_values(str(folder / "output"), values)
    assert runner_reads(folder / "output") == values
