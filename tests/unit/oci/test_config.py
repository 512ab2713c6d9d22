import json

import pytest
from hypothesis import given

from polyarch.errors import SpecError
from polyarch.oci.config import ImageConfig, rfc3339
from polyarch.oci.platform import Platform
from tests.support.strategies import json_values

RAW = json.dumps(
    {
        "architecture": "arm",
        "os": "linux",
        "variant": "v6",
        "created": "2026-01-01T00:00:00Z",
        "unknown": {"kept": [1, 2]},
        "config": {"Cmd": ["x"], "Env": ["A=1"], "Labels": {"old": "1", "both": "old"}},
        "rootfs": {"type": "layers", "diff_ids": []},
        "history": [{"created_by": "RUN x"}],
    }
).encode()


def test_fields():
    config = ImageConfig.parse(RAW)
    assert config.platform == Platform.parse("linux/arm/v6")
    assert config.command == ("x",)
    assert config.labels == {"old": "1", "both": "old"}


def test_relabelling_keeps_all_else():
    config = ImageConfig.parse(RAW).relabelled({"both": "new", "more": "2"}, "2026-02-02T00:00:00Z")
    before, after = json.loads(RAW), json.loads(config.raw)
    assert after.pop("created") == "2026-02-02T00:00:00Z"
    assert after["config"].pop("Labels") == {"old": "1", "both": "new", "more": "2"}
    before.pop("created")
    before["config"].pop("Labels")
    assert after == before


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"os":"linux"}', '{"os":1,"architecture":"x"}'])
def test_what_is_no_config_is_refused(text):
    with pytest.raises(SpecError):
        ImageConfig.parse(text.encode())


def test_half_a_character_is_refused_where_it_is_read():
    with pytest.raises(SpecError, match="half a character"):
        ImageConfig.parse(RAW.replace(b'"old"', b'"\\uD800"'))
    whole = ImageConfig.parse(RAW.replace(b'"old"', b'"\\ud83d\\ude00"'))
    assert "\N{GRINNING FACE}" in whole.labels


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "1970-01-01T00:00:00Z"), (1767225600, "2026-01-01T00:00:00Z")]
)
def test_times_are_written_in_utc_to_the_second(seconds, text):
    assert rfc3339(seconds) == text


@given(json_values)
def test_hostile_fields_never_crash(value):
    for key in ("config", "rootfs", "variant", "created"):
        document = {"os": "linux", "architecture": "amd64", key: value}
        try:
            ImageConfig.parse(json.dumps(document).encode())
        except SpecError:
            continue
