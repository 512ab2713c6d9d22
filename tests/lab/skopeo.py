"""skopeo: an independent client that reads what was published."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.lab.commands import run
from tests.lab.image_writer import platform_fields
from tests.lab.reasons import Missing
from tests.lab.registries import Registry, write_logins


@dataclass(frozen=True, slots=True, kw_only=True)
class Skopeo:
    """Runs skopeo with the logins that it is told.

    Attributes:
        authfile: Its logins, written by `login`.
    """

    authfile: Path

    def login(self, *registries: Registry) -> None:
        """Use the logins of these registries, and no others, from now on."""
        write_logins(self.authfile, *registries)

    def run(self, *words: str | Path) -> str:
        """Return what `skopeo WORDS…` prints.

        Raises:
            CommandFailedError: It failed; the error's `output` has its words.
        """
        return run("skopeo", *words, env={"REGISTRY_AUTH_FILE": str(self.authfile)})

    def copy(self, source: str, destination: str, *options: str) -> None:
        """Copy an image between two of skopeo's places; plain HTTP is fine."""
        plain = ("--src-tls-verify=false", "--dest-tls-verify=false")
        self.run("copy", "--quiet", *plain, *options, source, destination)

    def raw(self, reference: str) -> bytes:
        """Return the manifest or index of a registry reference, byte for byte."""
        options = ("--raw", "--tls-verify=false")
        return self.run("inspect", *options, f"docker://{reference}").encode()

    def index(self, reference: str) -> dict[str, Any]:
        """Return the manifest or index of a registry reference, parsed."""
        document: dict[str, Any] = json.loads(self.raw(reference))
        return document

    def pull(self, reference: str, platform: str, layout: Path) -> Path:
        """Pull the image of one platform into an OCI layout at `layout`."""
        fields = platform_fields(platform)
        choice = [f"--override-os={fields['os']}", f"--override-arch={fields['architecture']}"]
        if "variant" in fields:
            choice.append(f"--override-variant={fields['variant']}")
        words = ("copy", "--quiet", "--src-tls-verify=false")
        self.run(*choice, *words, f"docker://{reference}", f"oci:{layout}:pulled")
        return layout


def find_skopeo(authfile: Path) -> Skopeo:
    """Return a skopeo without any login.

    Raises:
        Missing: It is not installed.
    """
    if not shutil.which("skopeo"):
        raise Missing("no `skopeo` here", "as root: apt-get install skopeo")
    skopeo = Skopeo(authfile=authfile)
    skopeo.login()
    return skopeo
