"""The schema as JSON Schema and page, and against the loader."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from hypothesis import given

from polyarch.config.jsonschema import json_schema
from polyarch.config.keys import APPEND, tables
from polyarch.config.load import load_text
from polyarch.errors import InvalidConfigError
from tests.support.config_documents import EXAMPLE, as_text, likely, tables_of, values

ROOT = Path(__file__).parents[3]
EXAMPLES = sorted((ROOT / "examples").glob("*/polyarch.toml"))

LATER = {
    "images.NAME": "target contexts secrets ssh labels annotations annotation-levels cache"
    " cache-tag strategy allow-emulation digest-policy tag-policy version-tag alias-tags reuse"
    " max-age schedule-rebuilds timeout stall-timeout gates after-publish public smoke-test",
    'images.NAME.platform."PLATFORM"': "from",
    "publish": "on on-registry-failure stage-to build-forks",
    'registries."PREFIX"': "profile username-env password-env password-file password-command"
    " plain-http",
    "builders.NAME": "platforms endpoint image driver-opts network parallel",
    "": "triggers runners environments",
    "verify": "allow",
    "runs": "keep store",
    "notify": "on urls-env",
    "images.NAME.smoke-test": "run exit matches timeout",
}
"""The names that the design gives out."""


@pytest.fixture(scope="module")
def validator():
    jsonschema = pytest.importorskip("jsonschema")
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_every_name_of_the_design_is_there():
    known = {kind.title: kind.keys for kind in tables()}
    for title, names in LATER.items():
        assert set(names.split()) <= set(known[title])


def test_every_key_is_described_and_ends_its_sentence():
    for kind in tables():
        assert kind.doc
        for key in kind.keys.values():
            assert key.doc.endswith(".")


def test_the_examples_are_valid(validator):
    for text in (EXAMPLE, *(file.read_text(encoding="utf-8") for file in EXAMPLES)):
        validator.validate(json.loads(json.dumps(tomllib.loads(text))))


@pytest.mark.parametrize(
    "text",
    [
        "[images.app]\nplatfroms = []",
        '[images.app]\nengine = "docker"',
        "[images.app]\nplatforms = []",
        "[images.app]\ntags = [1]",
        '[images.app]\n"target+" = ["x"]',
        '[images."No Name"]',
        '[[images.app.direct.files]]\nfrom = "x"',
        "[images]",
        '[registries."ghcr.io"]\npassword-env = "not a name!"',
    ],
)
def test_what_the_schema_refuses(validator, text: str):
    assert not validator.is_valid(tomllib.loads(text))
    with pytest.raises(InvalidConfigError):
        load_text(text)


@pytest.mark.parametrize("documents", [likely, tables_of(values)])
def test_what_the_loader_takes_is_valid(validator, documents):
    @given(documents.map(as_text))
    def check(text: str) -> None:
        try:
            load_text(text)
        except InvalidConfigError:
            return
        validator.validate(tomllib.loads(text))

    check()


def test_each_list_has_its_appending_form():
    schema = json_schema()
    definitions = schema["$defs"]
    assert isinstance(definitions, dict)
    image = definitions["ImageTable"]["properties"]
    assert {name for name in image if name.endswith(APPEND)} >= {"tags+", "repositories+", "gates+"}
    assert "target+" not in image
    assert "null" not in json.dumps(schema)


def test_reading_a_config_imports_nothing_heavy():
    code = (
        "import sys, polyarch.config.load as load, pathlib\n"
        "load.load_text(sys.stdin.read())\n"
        "print(*{name.partition('.')[0] for name in sys.modules})\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], input=EXAMPLE, capture_output=True, text=True, check=True
    )
    assert not {"tomlkit", "rich", "aiohttp", "asyncio", "click"} & set(ran.stdout.split())
