"""What is to be run: one platform's image by digest, and within which bounds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from polyarch.content.store import Fetcher
from polyarch.host.watched import Bounds
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.platform import Platform
from polyarch.runtimes.catalog import AUTO
from polyarch.runtimes.laying import LayingBounds
from polyarch.runtimes.smoke import SmokeTest


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """`manifest` is that of one image, which `store` has with config and layers.

    `environment` is that of the runtimes' own programs (PATH, DOCKER_HOST): the image sees nothing
    of it. `variables` are added to the image's own. `runtime` is a name, or `auto`. `scratch` is a
    folder to unpack in, without one a temporary folder of the machine. The time in `bounds` is that
    of each test.
    """

    store: Fetcher
    manifest: Descriptor
    platform: Platform
    environment: Mapping[str, str]
    test: SmokeTest = field(default_factory=SmokeTest)
    variables: Mapping[str, str] = field(default_factory=dict)
    network: bool = False
    runtime: str = AUTO
    bounds: Bounds = field(default_factory=Bounds)
    laying: LayingBounds = field(default_factory=LayingBounds)
    scratch: Path | None = None
