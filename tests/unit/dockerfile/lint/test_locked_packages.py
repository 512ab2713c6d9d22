"""PA315, PA316: what lock files tell of platforms."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.dockerfile.lint.bases import Libc
from polyarch.dockerfile.lint.folder import ContextFolder
from polyarch.dockerfile.lint.node_lock import node_gaps
from polyarch.dockerfile.lint.wheel_lock import wheel_gaps
from tests.support.linted import AMD64, ARM64, ARM_V7, EIGHT, linted

RISCV64 = EIGHT[-1]
UV = """
[[package]]
name = "plain"
version = "1"
wheels = [{ url = "https://x.example/plain-1-py3-none-any.whl" }]

[[package]]
name = "fast"
version = "2"
sdist = { url = "https://x.example/fast-2.tar.gz" }
wheels = [
  { url = "https://x.example/fast-2-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl" },
  { url = "https://x.example/fast-2-cp312-cp312-manylinux_2_17_aarch64.whl" },
  { url = "https://x.example/fast-2-cp312-cp312-musllinux_1_2_x86_64.whl" },
  { url = "https://x.example/fast-2-cp312-cp312-win_amd64.whl" },
]

[[package]]
name = "pywin32"
version = "3"
wheels = [{ url = "https://x.example/pywin32-3-cp312-cp312-win_amd64.whl" }]
"""
POETRY = """
[[package]]
name = "fast"
version = "2"
files = [
  { file = "fast-2-cp39-abi3-manylinux_2_28_x86_64.whl", hash = "sha256:0" },
  { file = "fast-2-cp39-abi3-manylinux_2_28_aarch64.whl", hash = "sha256:0" },
]
"""


@pytest.mark.parametrize(
    ("libc", "python", "expected"),
    [
        (Libc.GLIBC, (3, 12), {ARM_V7}),
        (Libc.MUSL, (3, 12), {ARM64, ARM_V7}),
        (Libc.UNKNOWN, (), {ARM_V7}),
        (Libc.GLIBC, (3, 14), {AMD64, ARM64, ARM_V7}),
    ],
)
def test_a_wheel_has_to_fit_machine_libc_and_python(
    libc: Libc, python: tuple[int, ...], expected: set[object]
):
    found = wheel_gaps(UV, (AMD64, ARM64, ARM_V7), libc, python)
    assert found is not None
    assert {one.platform for one in found} == expected
    assert {one.package for one in found} == {"fast"}
    assert all(one.has_source for one in found)


def test_stable_wheels_serve_later_versions():
    found = wheel_gaps(POETRY, (AMD64, ARM_V7), Libc.GLIBC, (3, 13))
    assert found is not None
    assert [(one.platform, one.has_source) for one in found] == [(ARM_V7, False)]


def test_the_install_by_a_lock_file_is_told(tmp_path: Path):
    (tmp_path / "uv.lock").write_text(UV)
    text = (
        "FROM python:3.12\nCOPY pyproject.toml uv.lock ./\nRUN pip install uv && uv sync --frozen\n"
    )
    found = linted(text, AMD64, ARM_V7, folder=ContextFolder(root=tmp_path))
    (one,) = [each for each in found if each.rule == "PA315"]
    assert (one.line, one.platforms) == (3, (ARM_V7,))
    assert "`fast`" in one.message


def test_without_a_context_nothing_is_told():
    text = "FROM python:3.12\nCOPY . .\nRUN uv sync\nRUN npm ci"
    assert not {one.rule for one in linted(text)} & {"PA315", "PA316"}


def _lock(*lost: str) -> str:
    members = {f"@esbuild/linux-{cpu}": [cpu] for cpu in ("x64", "arm64", "arm", "ia32")}
    packages: dict[str, object] = {
        "": {"name": "app"},
        "node_modules/esbuild": {
            "version": "1",
            "hasInstallScript": True,
            "optionalDependencies": dict.fromkeys([*members, "@esbuild/darwin-arm64"], "1"),
        },
    }
    for name, cpu in members.items():
        if name not in lost:
            packages[f"node_modules/{name}"] = {"os": ["linux"], "cpu": cpu, "optional": True}
    return json.dumps({"lockfileVersion": 3, "packages": packages})


def test_a_platform_that_a_family_leaves_out_is_a_gap():
    found = node_gaps(_lock(), EIGHT)
    assert found is not None
    assert {one.platform for one in found} == set(EIGHT[5:])
    assert not any(one.is_lost for one in found)


def test_a_lock_file_of_one_machine_has_lost_the_others():
    found = node_gaps(_lock("@esbuild/linux-arm64"), (AMD64, ARM64))
    assert found is not None
    assert [(one.platform, one.is_lost) for one in found] == [(ARM64, True)]


def test_npm_ci_is_told_of_its_lock_file(tmp_path: Path):
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "package-lock.json").write_text(_lock("@esbuild/linux-arm64"))
    folder = ContextFolder(root=tmp_path)
    text = "FROM node:22\nCOPY web/package*.json ./\nRUN npm ci\n"
    (one,) = [each for each in linted(text, AMD64, ARM64, folder=folder) if each.rule == "PA316"]
    assert (one.line, one.platforms) == (3, (ARM64,))
    native = text.replace("FROM", "FROM --platform=$BUILDPLATFORM")
    native += "FROM nginx\nCOPY --from=0 /dist /usr/share/nginx/html\n"
    assert not [
        each for each in linted(native, AMD64, ARM64, folder=folder) if each.rule == "PA316"
    ]


@given(st.text() | st.just("[" * 100_000) | st.just('{"packages":{"a":[]}}'))
def test_what_is_no_lock_file_is_none(text: str):
    assert not node_gaps(text, EIGHT)
    assert not wheel_gaps(text, EIGHT, Libc.GLIBC, (3, 12))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(
            ["packages", "optionalDependencies", "os", "cpu", "node_modules/linux-x64", "linux-x64"]
        ), inner),
    )
)  # fmt: skip
def test_any_json_is_read(value: object):
    node_gaps(json.dumps(value), EIGHT)
