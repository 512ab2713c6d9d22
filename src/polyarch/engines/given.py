"""What a build is given and must not keep, as options: secrets by their places, and SSH agents."""

from collections.abc import Mapping
from pathlib import Path

from polyarch.engines.base import BuildRequest
from polyarch.engines.rows import row
from polyarch.errors import StorageError

FOLDER = "given"
"""Links to files of secrets, below the folder that an engine runs in."""


def buildkit_options(request: BuildRequest) -> list[str]:
    """BuildKit reads each `--secret` as one row of CSV."""
    chosen: list[str] = []
    for secret in request.secrets:
        place = {"env": secret.variable} if secret.variable else {"src": str(secret.file)}
        chosen += ["--secret", row({"id": secret.id, **place})]
    return chosen + _ssh(request)


def buildah_options(request: BuildRequest, links: Mapping[str, str]) -> list[str]:
    """Buildah cuts at every comma; `links` are paths without one, by the secret's id."""
    chosen: list[str] = []
    for secret in request.secrets:
        place = f"env={secret.variable}" if secret.variable else f"src={links[secret.id]}"
        chosen += ["--secret", f"id={secret.id},{place}"]
    return chosen + _ssh(request)


def link_secrets(request: BuildRequest, folder: Path) -> dict[str, str]:
    """Lay links to the files of secrets, with paths from `folder`; no value is copied.

    Raises:
        StorageError: the folder cannot be written.
    """
    links: dict[str, str] = {}
    for number, secret in enumerate(request.secrets):
        if secret.file is None:
            continue
        link = folder / FOLDER / str(number)
        try:
            link.parent.mkdir(exist_ok=True)
            link.symlink_to(secret.file.absolute())
        except OSError as error:
            raise StorageError(str(link), error.strerror or str(error)) from error
        links[secret.id] = f"{FOLDER}/{number}"
    return links


def command_environment(request: BuildRequest) -> dict[str, str]:
    """How the direct engine's command finds secrets that are files; the others it has by name."""
    return {
        f"POLYARCH_SECRET_{_shell_name(secret.id)}": str(secret.file.absolute())
        for secret in request.secrets
        if secret.file is not None
    }


def _ssh(request: BuildRequest) -> list[str]:
    return [word for key in request.ssh for word in ("--ssh", key)]


def _shell_name(text: str) -> str:
    return "".join(sign if sign.isalnum() else "_" for sign in text.upper())
