"""What an image's name tells of what it brings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.dockerfile.lint.bases import Language, Libc, PackageManager, base


@pytest.mark.parametrize(
    ("text", "language", "libc", "compiler"),
    [
        ("golang", Language.GO, Libc.GLIBC, True),
        ("golang:1.25-alpine", Language.GO, Libc.MUSL, False),
        ("docker.io/library/golang:1.25-bookworm@sha256:00", Language.GO, Libc.GLIBC, True),
        ("registry:5000/mirror/golang", Language.GO, Libc.GLIBC, True),
        ("caddy:2-builder", Language.GO, Libc.MUSL, False),
        ("rust:1-alpine", Language.RUST, Libc.MUSL, True),
        ("rust:slim", Language.RUST, Libc.GLIBC, True),
        ("lukemathwalker/cargo-chef:latest", Language.RUST, Libc.GLIBC, True),
        ("node:22-slim", Language.NODE, Libc.GLIBC, False),
        ("oven/bun:1", Language.NODE, Libc.UNKNOWN, None),
        ("gcr.io/distroless/nodejs22-debian12", Language.NODE, Libc.UNKNOWN, None),
        ("registry.access.redhat.com/ubi9/openjdk-17", Language.JAVA, Libc.GLIBC, None),
        ("registry.access.redhat.com/ubi9/go-toolset", Language.GO, Libc.GLIBC, None),
        ("maven:3-eclipse-temurin-21", Language.JAVA, Libc.UNKNOWN, None),
        ("mcr.microsoft.com/dotnet/sdk:9.0", Language.DOTNET, Libc.UNKNOWN, None),
        ("example.org/some/sdk", None, Libc.UNKNOWN, None),
        ("python:3.13-alpine", Language.PYTHON, Libc.MUSL, False),
        ("ghcr.io/someone/thing", None, Libc.UNKNOWN, None),
        ("scratch", None, Libc.UNKNOWN, False),
    ],
)
def test_language_libc_and_compiler(
    text: str, language: Language | None, libc: Libc, compiler: bool | None
) -> None:
    found = base(text)
    assert (found.language, found.libc, found.c_compiler) == (language, libc, compiler)


@pytest.mark.parametrize(
    ("text", "manager"),
    [
        ("alpine", PackageManager.APK),
        ("ubuntu:24.04", PackageManager.APT),
        ("node", PackageManager.APT),
        ("fedora", PackageManager.DNF),
        ("redhat/ubi9-minimal", PackageManager.DNF),
        ("archlinux", PackageManager.PACMAN),
        ("scratch", PackageManager.NONE),
    ],
)
def test_package_manager(text: str, manager: PackageManager) -> None:
    assert base(text).package_manager is manager


def test_servers() -> None:
    assert all(base(name).serves_files for name in ("nginx:alpine", "caddy", "httpd:2"))
    assert not base("caddy:2-builder").serves_files
    assert not base("node").serves_files


def test_version() -> None:
    assert base("golang:1.17-alpine").version == (1, 17)
    assert base("golang:alpine").version == ()


@given(st.text())
def test_takes_any_name(text: str) -> None:
    assert base(text).repository == base(text).repository.lower()
