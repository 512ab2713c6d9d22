"""Layers: tables merge, lists and scalars replace, a plus appends; each value keeps its source."""

from hypothesis import given
from hypothesis import strategies as st

from polyarch.config.load import load_text
from polyarch.config.merge import flag_layer, leaves, merge, plain
from polyarch.oci.platform import Platform

TEXT = """\
[defaults]
platforms = ["linux/amd64", "linux/arm64"]
tags = ["type=sha"]
labels = { team = "a", tier = "1" }
target = "base"
[defaults.platform.arm64]
target = "slow"
build-args = { LEVEL = "defaults" }
[images.app]
"tags+" = ["type=schedule"]
labels = { tier = "2" }
build-args = { LEVEL = "image", X = "1" }
[images.app.platform.arm64]
build-args = { X = "2" }
"""


def told(text: str, key: str, platform: str = "") -> str:
    image = load_text(text).images["app"]
    settings = image.for_platform(Platform.parse(platform)) if platform else image
    found = [value for value in settings.values if ".".join(value.path) == key]
    return f"{found[0].value} from {' + '.join(str(source) for source in found[0].sources)}"


def test_each_value_and_its_source():
    assert told(TEXT, "engine") == "auto from default"
    assert told(TEXT, "tags") == (
        "['type=sha', 'type=schedule'] from polyarch.toml:3 + polyarch.toml:10"
    )
    assert told(TEXT, "labels.team") == "a from polyarch.toml:4"
    assert told(TEXT, "labels.tier") == "2 from polyarch.toml:11"
    assert told(TEXT, "dockerfile") == "Dockerfile from default"


def test_a_platform_is_laid_over_image_and_defaults():
    assert told(TEXT, "target") == "base from polyarch.toml:5"
    assert told(TEXT, "target", "amd64") == "base from polyarch.toml:5"
    assert told(TEXT, "target", "arm64") == "slow from polyarch.toml:7"
    assert told(TEXT, "build-args.LEVEL", "amd64") == "image from polyarch.toml:12"
    assert told(TEXT, "build-args.LEVEL", "arm64") == "defaults from polyarch.toml:8"
    assert told(TEXT, "build-args.X", "linux/arm64/v8") == "2 from polyarch.toml:14"


def test_a_plus_after_and_before_the_plain_key_of_its_own_table():
    text = '[images.app]\nplatforms = ["amd64"]\n"tags+" = ["b"]\ntags = ["a"]\n'
    assert told(text, "tags") == "['a', 'b'] from polyarch.toml:4 + polyarch.toml:3"


def test_a_plus_appends_to_the_default():
    text = '[images.app]\nplatforms = ["amd64"]\n[publish]\n"on+" = ["branch:next"]\n'
    assert load_text(text).publish.on[-2:] == ("dispatch", "branch:next")


def test_an_environment_appends_as_well():
    text = (
        '[images.app]\nplatforms = ["amd64"]\nrepositories = ["a/{image}"]\n'
        '[environments.more]\n"repositories+" = ["ghcr.io/a/{image}"]\n'
    )
    image = load_text(text, environment="more").images["app"]
    assert [str(one) for one in image.repositories] == ["docker.io/a/app", "ghcr.io/a/app"]
    found = next(value for value in image.values if value.path == ("repositories",))
    assert [str(source) for source in found.sources] == [
        "polyarch.toml:3",
        "polyarch.toml:5 (environment more)",
    ]


def test_a_label_may_end_in_a_plus():
    text = '[images.app]\nplatforms = ["amd64"]\nlabels = { "c+" = "1", c = "0" }\n'
    assert dict(load_text(text).images["app"].labels) == {"c+": "1", "c": "0"}


def test_the_default_dockerfile_stands_in_the_context_of_the_platform():
    text = (
        '[images.app]\nplatforms = ["amd64", "arm64"]\ncontext = "./src/{image}/"\n'
        '[images.app.platform.arm64]\ncontext = "arm"\n'
    )
    image = load_text(text).images["app"]
    assert [one.dockerfile for one in image.per_platform.values()] == [
        "src/app/Dockerfile",
        "arm/Dockerfile",
    ]


names = st.sampled_from("abc")
tables = st.recursive(
    st.dictionaries(names, st.integers() | st.lists(st.integers(), max_size=2), max_size=3),
    lambda inner: st.dictionaries(names, inner | st.integers(), max_size=3),
)


def model(below: object, above: object) -> object:
    if isinstance(below, dict) and isinstance(above, dict):
        return {
            **below,
            **{name: model(below.get(name), value) for name, value in above.items()},
        }
    return model({}, above) if isinstance(above, dict) else above


@given(st.lists(tables, max_size=4))
def test_merging_is_what_the_rule_says_and_the_source_is_the_last_one(layers):
    merged = merge(flag_layer(table, str(number)) for number, table in enumerate(layers))
    expected: object = {}
    for table in layers:
        expected = model(expected, table)
    assert plain(merged) == expected
    for path, leaf in leaves(merged):
        owner: object = layers[int(leaf.sources[-1].name)]
        for key in path:
            assert isinstance(owner, dict)
            owner = owner[key]
        assert owner == leaf.value
