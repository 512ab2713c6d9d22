"""The keys that say how one platform of an image is built and tried."""

from typing import Annotated, Literal

from msgspec import Meta, field

from polyarch.config import build_forms, forms
from polyarch.config.direct_table import DirectTable
from polyarch.config.table import Duration, EngineName, Labels, PathText, Table, Words, doc


class SmokeTestTable(Table, frozen=True):
    """One command that proves that the image runs."""

    run: Annotated[Words, Meta(min_length=1), doc("Command, run in the image.")]
    exit: Annotated[int, Meta(ge=0, le=255), doc("Exit code that is right.")] = 0
    matches: Annotated[
        Annotated[str, forms.EXPRESSION] | None,
        doc("Regular expression that must be found in the output."),
    ] = None
    timeout: Annotated[Duration, doc("How long the command may take.")] = "60s"


class BuildTable(Table, frozen=True):
    """What may differ from platform to platform."""

    context: Annotated[
        str,
        forms.CONTEXT,
        doc(
            "Folder of the build context, from the project's root, or a Git repository as"
            " `https://host/repository.git#ref:folder`."
        ),
    ] = "."
    dockerfile: Annotated[
        PathText | None,
        doc(
            "Dockerfile, from the project's root (in a Git context from its folder); without this"
            " key `Dockerfile` in the context."
        ),
    ] = None
    target: Annotated[
        str, forms.ONE_IMAGE, doc("Stage to build; without this key the last one.")
    ] = ""
    contexts: Annotated[
        dict[Annotated[str, forms.LABEL], Annotated[str, forms.NAMED_CONTEXT]],
        doc(
            "Named contexts: `image:NAME` of this project, `docker-image://REFERENCE`, a folder"
            " from the project's root, a Git repository, or `oci-layout://FOLDER`."
        ),
    ] = {}
    build_args: Annotated[
        dict[Annotated[str, forms.ARGUMENT], str],
        doc("Build arguments; metadata expressions such as `{{version}}` work."),
    ] = {}
    labels: Annotated[
        Labels, doc("Labels of every platform's image; metadata expressions work.")
    ] = {}
    engine: Annotated[
        EngineName, doc("What builds: `auto` chooses by what the image needs and is there.")
    ] = "auto"
    direct: Annotated[DirectTable | None, doc("What the direct engine does.")] = None
    smoke_test: Annotated[
        tuple[str | SmokeTestTable, ...],
        doc(
            "One command as a list of words, or tables: run in the image of each platform, on the"
            " exact digest, without network, before anything is uploaded."
        ),
    ] = ()
    secrets: Annotated[
        tuple[Annotated[str, forms.SECRET], ...],
        doc(
            "Build secrets as `id=npm,env=NPM_TOKEN` or `id=npm,src=FILE`; only their ids are ever"
            " written down."
        ),
    ] = ()
    ssh: Annotated[
        tuple[Annotated[str, forms.SSH], ...],
        doc("SSH agents or keys for the build, as `default` or `github=~/.ssh/id_ed25519`."),
    ] = ()
    cache: Annotated[
        Annotated[str, build_forms.CACHE] | None,
        doc(
            "Where layers are cached between builds, apart for each platform and branch:"
            " `registry`, `local`, `gha`, or BuildKit's own form as `type=s3,region=…,bucket=…`."
            " A cache that fails never fails a build."
        ),
    ] = None
    network: Annotated[
        Literal["default", "none", "host"] | None, doc("Network that RUN has; the engine's own.")
    ] = None
    strategy: Annotated[
        Literal["auto", "native", "cross", "emulated"],
        doc(
            "How the platform is built. All but `auto` are demands: what cannot be built so is an"
            " error before anything is built."
        ),
    ] = "auto"
    allow_emulation: Annotated[
        bool,
        doc("Whether a platform may be built under an emulator where nothing runs it natively."),
    ] = True
    alias_tags: Annotated[
        Words,
        doc(
            "Tags that point to one platform's image alone, as `latest-{arch}` or"
            " `{{version}}-{arch}`, for users of such names; `{arch}` is `amd64`, `arm64`, `armv7`."
        ),
    ] = ()
    timeout: Annotated[
        Annotated[str, build_forms.LIMIT] | None,
        doc("How long the build of one platform may take; `90m` for example."),
    ] = None
    stall_timeout: Annotated[
        Annotated[str, build_forms.LIMIT] | None,
        doc("How long a build may be silent before it is ended."),
    ] = None


class PlatformTable(BuildTable, frozen=True):
    """What differs for one platform of an image; keys that it lacks are those of the image."""

    source: Annotated[
        Annotated[str, forms.PINNED] | None,
        doc(
            "Existing image that stands in for a build, pinned by digest: `name@sha256:…`. Of an"
            " index the image of this platform is taken."
        ),
    ] = field(default=None, name="from")
