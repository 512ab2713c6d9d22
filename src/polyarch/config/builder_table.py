"""The keys of `[builders.X]`."""

from typing import Annotated, Literal

from msgspec import Meta

from polyarch.config import build_forms, forms
from polyarch.config.table import Labels, PathText, PlatformText, Table, doc


class BuilderTable(Table, frozen=True):
    """A machine that builds: a Docker Engine or a BuildKit, here or elsewhere."""

    platforms: Annotated[
        tuple[PlatformText, ...],
        doc("Platforms it builds; without this key those that its engine runs natively."),
    ] = ()
    endpoint: Annotated[
        str,
        build_forms.ENDPOINT,
        doc(
            "Where it is: a Docker context, `ssh://USER@HOST`, `tcp://HOST:2376`, `unix://SOCKET`,"
            " or the address that the driver takes."
        ),
    ] = ""
    driver: Annotated[
        Literal["auto", "docker", "docker-container", "kubernetes", "remote"],
        doc(
            "Driver of buildx. `auto`: `docker`, the BuildKit of the Engine at the endpoint, or"
            " `docker-container` where a key is given that only a BuildKit of its own can have."
        ),
    ] = "auto"
    tls: Annotated[
        PathText | None,
        doc("Folder with ca.pem, cert.pem and key.pem for `tcp://`, from the project's root."),
    ] = None
    image: Annotated[
        Annotated[str, forms.ONE_REFERENCE] | None,
        doc("Image of BuildKit to run there, as from a mirror."),
    ] = None
    driver_opts: Annotated[Labels, doc("Options of buildx's driver.")] = {}
    network: Annotated[str | None, doc("Network mode of the builder.")] = None
    parallel: Annotated[
        Annotated[int, Meta(ge=1)] | None, doc("How many builds it runs at once.")
    ] = None
    max_parallelism: Annotated[
        Annotated[int, Meta(ge=1)] | None,
        doc("How many steps a BuildKit that a driver starts runs at once, over all builds."),
    ] = None
    keep_storage: Annotated[
        Annotated[str, forms.SPACE] | None,
        doc("How much cache such a BuildKit keeps when it tidies up, as `20GB` or `30%`."),
    ] = None
