from pathlib import Path

import pytest

from polyarch.engines.base import BuildRequest, FolderContext, ImageContext, LayoutContext
from polyarch.engines.buildah_command import Prepared, build_command
from polyarch.engines.buildx_command import Arguments, buildx_command
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.platform import Platform

DESCRIPTOR = Descriptor.of("application/vnd.oci.image.index.v1+json", b"{}")


def request(**more: object) -> BuildRequest:
    values = {
        "image": "app",
        "platform": Platform.parse("linux/arm/v7"),
        "project": Path("/p"),
        "context": Path("/p/ctx"),
        "dockerfile": Path("/p/Dockerfile"),
        "created": 1_700_000_000,
    }
    return BuildRequest(**{**values, **more})  # type: ignore[arg-type]  # a test's keywords


def test_the_whole_command_of_buildx() -> None:
    command = buildx_command(
        request(
            target="final",
            network="host",
            no_cache=True,
            pull=True,
            labels={"b": "2", "a": "x=y"},
            build_args={"VERSION": "1", "PATH": "/x"},
            contexts={
                "base": LayoutContext(layout=Path("/l"), descriptor=DESCRIPTOR),
                "image": ImageContext(reference="docker.io/library/debian:12"),
                "files": FolderContext(path=Path("/f")),
            },
        ),
        {"PATH": "/bin"},
        Path("/p/Dockerfile"),
        builder="arm",
    )
    assert command.arguments == (
        "docker", "buildx", "build",
        "--builder", "arm",
        "--platform", "linux/arm/v7",
        "--file", "/p/Dockerfile",
        "--output", "type=oci,tar=false,dest=export,rewrite-timestamp=true",
        "--progress", "rawjson",
        "--provenance=false",
        "--sbom=false",
        "--target", "final",
        "--network", "host",
        "--no-cache",
        "--pull",
        "--build-context", f"base=oci-layout:///l@{DESCRIPTOR.digest}",
        "--build-context", "files=/f",
        "--build-context", "image=docker-image://docker.io/library/debian:12",
        "--label", "a=x=y",
        "--label", "b=2",
        "--build-arg", "PATH=/x",
        "--build-arg", "VERSION",
        "/p/ctx",
    )  # fmt: skip
    assert command.environment == {
        "PATH": "/bin",
        "VERSION": "1",
        "BUILDX_GIT_INFO": "false",
        "SOURCE_DATE_EPOCH": "1700000000",
    }


def test_the_whole_command_of_buildah() -> None:
    command = build_command(
        request(
            target="final",
            labels={"a": "b"},
            pull=True,
            build_args={"VERSION": "1"},
            contexts={
                "base": LayoutContext(layout=Path("/l"), descriptor=DESCRIPTOR),
                "image": ImageContext(reference="docker.io/library/debian:12"),
            },
        ),
        {"PATH": "/bin"},
        Prepared(ignore_file=Path("/p/Dockerfile.dockerignore"), images={"base": "0123"}),
        isolation="chroot",
    )
    assert command.arguments == (
        "buildah", "build",
        "--platform", "linux/arm/v7",
        "--isolation", "chroot",
        "--format", "docker",
        "--timestamp", "1700000000",
        "--identity-label=false",
        "--layers",
        "--force-rm",
        "--iidfile", "image-id",
        "--file", "Dockerfile",
        "--ignorefile", "/p/Dockerfile.dockerignore",
        "--target", "final",
        "--build-context", "base=container-image://0123",
        "--build-context", "image=docker-image://docker.io/library/debian:12",
        "--build-arg", "VERSION",
        "/p/ctx",
    )  # fmt: skip
    assert command.environment == {"PATH": "/bin", "VERSION": "1"}


@pytest.mark.parametrize(
    "name",
    [
        "PATH",
        "HOME",
        "DOCKER_HOST",
        "BUILDX_BUILDER",
        "LD_PRELOAD",
        "http_proxy",
        "SSH_AUTH_SOCK",
        "BUILDAH_ISOLATION",
        "CONTAINERS_STORAGE_CONF",
        "REGISTRY_AUTH_FILE",
        "STORAGE_DRIVER",
    ],
)
def test_what_the_program_itself_reads_never_reaches_its_environment(name: str) -> None:
    passed = Arguments.of({name: "x"}, {})
    assert passed.environment == {}
    assert passed.options == ("--build-arg", f"{name}=x")


def test_what_is_set_already_is_not_changed() -> None:
    passed = Arguments.of({"LANG": "C"}, {"LANG": "de"})
    assert passed.environment == {}
    assert passed.options == ("--build-arg", "LANG=C")


def test_other_values_do_not_stand_on_the_command_line() -> None:
    passed = Arguments.of({"TOKEN": "hidden"}, {})
    assert passed.options == ("--build-arg", "TOKEN")
    assert passed.environment == {"TOKEN": "hidden"}


def test_a_push_by_digest_takes_the_place_of_the_layout() -> None:
    command = buildx_command(
        request(push_to="ghcr.io/acme/app"), {}, Path("/p/Dockerfile"), builder="arm", push=True
    )
    at = command.arguments.index("--output")
    assert command.arguments[at : at + 4] == (
        "--output",
        (
            "type=image,name=ghcr.io/acme/app,push=true,push-by-digest=true,name-canonical=true,"
            "oci-mediatypes=true,rewrite-timestamp=true,store=false"
        ),
        "--metadata-file",
        "metadata.json",
    )


def test_a_push_to_a_registry_without_tls_says_so() -> None:
    asked = request(push_to="reg.test:5000/app", plain_http=("reg.test:5000",))
    command = buildx_command(asked, {}, Path("/p/Dockerfile"), push=True)
    assert any(word.endswith(",registry.insecure=true") for word in command.arguments)


def test_what_is_thrown_away_is_written_nowhere() -> None:
    command = buildx_command(request(), {}, Path("/p/Dockerfile"), keep=False)
    at = command.arguments.index("--output")
    assert command.arguments[at + 1] == "type=cacheonly"


def test_a_pinned_frontend_takes_the_place_of_the_dockerfile_s_own() -> None:
    pinned = "docker.io/docker/dockerfile@sha256:" + "0" * 64
    command = buildx_command(request(syntax=pinned), {}, Path("/p/Dockerfile"))
    at = command.arguments.index(f"BUILDKIT_SYNTAX={pinned}")
    assert command.arguments[at - 1] == "--build-arg"
    chosen = request(syntax=pinned, build_args={"BUILDKIT_SYNTAX": "own/frontend:1"})
    arguments = buildx_command(chosen, {}, Path("/p/Dockerfile")).arguments
    assert "BUILDKIT_SYNTAX=own/frontend:1" in arguments
    assert f"BUILDKIT_SYNTAX={pinned}" not in arguments
