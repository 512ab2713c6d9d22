"""The keys of an image that polyarch makes itself: `[images.NAME.direct]`."""

from typing import Annotated, Literal

from msgspec import Meta, field

from polyarch.config import forms
from polyarch.config.table import Duration, Labels, Mode, Name, PathText, Table, Words, doc

Port = Annotated[str, forms.PORT] | Annotated[int, Meta(ge=1, le=65535)]
RunWords = tuple[Annotated[str, forms.RUN], ...]


class FileTable(Table, frozen=True):
    """A file that the direct engine lays into the image."""

    source: Annotated[
        str,
        forms.LAID,
        doc("Path or glob from the project's root; the engine's placeholders work."),
    ] = field(name="from")
    target: Annotated[
        str,
        forms.ABSOLUTE,
        doc(
            "Absolute path in the image; with `/` at its end a folder. Placeholders of the platform"
            " work."
        ),
    ] = field(name="to")
    mode: Annotated[
        Mode | None,
        doc("Permissions, octal, in quotes; without this key only the right to run is kept."),
    ] = None
    layer: Annotated[
        Name | None,
        doc(
            "Layer that it is in, so that what seldom changes keeps its digest. Without this key"
            " what lies in `node_modules`, `site-packages`, `dist-packages` or `vendor` is in the"
            " layer `deps` and all else in `app`, which is the last one."
        ),
    ] = None


class HealthcheckTable(Table, frozen=True):
    """How an engine tells whether a container of the image works."""

    cmd: Annotated[
        Words, doc("Command, run in the container without a shell; an empty list: no check.")
    ]
    interval: Annotated[Duration | None, doc("Time between two checks.")] = None
    timeout: Annotated[Duration | None, doc("How long one check may take.")] = None
    start_period: Annotated[
        Duration | None, doc("Time after the start in which a failure does not count.")
    ] = None
    retries: Annotated[
        Annotated[int, Meta(ge=1)] | None, doc("Failures in a row that make it unhealthy.")
    ] = None


class DirectTable(Table, frozen=True):
    """How the direct engine makes the image: with a command of the project's own, or a preset."""

    preset: Annotated[
        Literal["go", "static"] | None,
        doc(
            "Defaults of the other keys: `go` compiles a Go program, `static` lays programs that"
            " were built before. `config show` shows what it comes to."
        ),
    ] = None
    package: Annotated[
        str, forms.PACKAGE, doc("Main package that the preset `go` builds, as `./cmd/server`.")
    ] = "."
    flags: Annotated[RunWords, doc("Flags of `go build`, for the preset `go`.")] = ()
    ldflags: Annotated[
        RunWords,
        doc(
            "Flags of Go's linker, for the preset `go`; metadata expressions work:"
            ' `"ldflags+" = ["-X main.version={{version}}"]`.'
        ),
    ] = ()
    base: Annotated[
        str, forms.BASE, doc("Base image, `image:NAME` of this project, or `scratch` for none.")
    ] = "scratch"
    run: Annotated[
        RunWords,
        doc(
            "Command, run once for each platform in the project's root; placeholders such as"
            " `{out}`, `{goarch}` and `{zig}` name the platform's things. A brace itself is written"
            r" `\{{` and `}}`."
        ),
    ] = ()
    run_env: Annotated[
        dict[Annotated[str, forms.LABEL], Annotated[str, forms.RUN]],
        doc("Environment variables of the command; placeholders work."),
    ] = {}
    env: Annotated[Labels, doc("Environment variables of the image.")] = {}
    files: Annotated[tuple[FileTable, ...], doc("Files that are laid on the base, in order.")] = ()
    entrypoint: Annotated[Words, doc("Entrypoint of the image.")] = ()
    cmd: Annotated[Words, doc("Default command of the image.")] = ()
    working_dir: Annotated[str, doc("Working directory of the image.")] = ""
    user: Annotated[
        str,
        forms.USER,
        doc(
            "User of the image, as `1000:1000`, or by the name that the base has for it; where the"
            " base knows no names, an entry in /etc/passwd is made. Empty: the base's."
        ),
    ] = ""
    ports: Annotated[
        tuple[Port, ...], doc("Ports that the image announces, as `8080` or `53/udp`.")
    ] = ()
    volumes: Annotated[
        tuple[Annotated[str, forms.INSIDE], ...],
        doc("Folders of the image whose content is kept apart from the container."),
    ] = ()
    stop_signal: Annotated[
        str, forms.SIGNAL, doc("Signal that asks the program to end, as `SIGINT`; the base's.")
    ] = ""
    healthcheck: Annotated[
        HealthcheckTable | None, doc("How an engine tells whether a container works.")
    ] = None
    ca_certificates: Annotated[
        bool | PathText,
        doc(
            "Certificates of authorities, for TLS: `true` leaves the base's, or where it has none"
            " lays those of this machine; or a file of the project."
        ),
    ] = False
