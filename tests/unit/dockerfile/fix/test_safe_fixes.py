"""What `--fix` makes of files that anybody may mend, rule by rule."""

import pytest

from tests.support.mending import mend, mend_twice

GO = """\
FROM golang:1.24 AS build
WORKDIR /src
COPY . .
{run}

FROM alpine
COPY --from=build /out/app /app
"""
GO_AFTER = """\
FROM --platform=$BUILDPLATFORM golang:1.24 AS build
WORKDIR /src
COPY . .
{run}

FROM alpine
COPY --from=build /out/app /app
"""
CROSS = "GOOS=$TARGETOS GOARCH=$TARGETARCH GOARM=${TARGETVARIANT#v}"
ARG = "ARG TARGETOS TARGETARCH TARGETVARIANT\n"


@pytest.mark.parametrize(
    ("run", "after"),
    [
        (
            "RUN CGO_ENABLED=0 go build -o /out/app .",
            f"{ARG}RUN CGO_ENABLED=0 {CROSS} go build -o /out/app .",
        ),
        (
            "# how it is built\n# by hand\nRUN CGO_ENABLED=0 go build -o /out/app .",
            f"{ARG}# how it is built\n# by hand\nRUN CGO_ENABLED=0 {CROSS} go build -o /out/app .",
        ),
        (
            "ENV CGO_ENABLED=0\nRUN go mod download && \\\n    go build -o /out/app .",
            (
                f"ENV CGO_ENABLED=0\n{ARG}RUN go mod download && \\\n"
                f"    {CROSS} go build -o /out/app ."
            ),
        ),
        (
            "ENV CGO_ENABLED=0\nRUN <<EOF\nset -e\ngo build -o /out/app .\nEOF",
            f"ENV CGO_ENABLED=0\n{ARG}RUN <<EOF\nset -e\n{CROSS} go build -o /out/app .\nEOF",
        ),
        (
            "RUN CGO_ENABLED=0 GOOS=linux GOARCH=amd64 go build -o /out/app .",
            (
                "ARG TARGETARCH TARGETVARIANT\nRUN CGO_ENABLED=0 GOOS=linux GOARCH=$TARGETARCH "
                "GOARM=${TARGETVARIANT#v} go build -o /out/app ."
            ),
        ),
        (
            "ARG TARGETARCH\nRUN CGO_ENABLED=0 env X=1 go build -o /out/app .",
            (
                "ARG TARGETARCH\nARG TARGETOS TARGETVARIANT\n"
                f"RUN CGO_ENABLED=0 env X=1 {CROSS} go build -o /out/app ."
            ),
        ),
    ],
)
def test_go_compiles_for_the_target(run: str, after: str):
    fixed = mend_twice(GO.format(run=run))
    assert fixed.text == GO_AFTER.format(run=after)
    assert fixed.outputs_to_check == ("/app",)


def test_a_folder_is_looked_at_whole():
    before = GO.format(run="RUN CGO_ENABLED=0 go build -o /out/ .")
    fixed = mend_twice(before.replace("/out/app /app", "/out/ /usr/bin/"))
    assert fixed.outputs_to_check == ("/usr/bin/",)


def test_documentation_is_built_where_the_machine_is():
    before = (
        "FROM python:3.12 AS docs\nCOPY . .\nRUN pip install mkdocs && mkdocs build -d /site\n"
        "FROM nginx\nCOPY --from=docs /site /usr/share/nginx/html\n"
    )
    after = before.replace("FROM python", "FROM --platform=$BUILDPLATFORM python")
    assert mend_twice(before).text == after


def test_a_local_go_install_builds_where_it_is_taken_from():
    before = GO.replace("/out/app /app", "/go/bin/app /app").format(
        run="RUN CGO_ENABLED=0 go install -v ./cmd/app"
    )
    fixed = mend(before)
    if fixed.applied:
        assert f"{CROSS} go build -o /go/bin/app -v ./cmd/app" in fixed.text
    else:
        assert fixed.text == before


def test_variants_of_other_architectures_need_a_guard():
    text = GO.format(run="RUN CGO_ENABLED=0 go build -o /out/app .")
    fixed = mend(text, platforms=("linux/amd64", "linux/amd64/v2", "linux/arm/v7"))
    guarded = '$([ "$TARGETARCH" = arm ] && echo "${TARGETVARIANT#v}")'
    assert f"GOARM={guarded} go build" in fixed.text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("ARG TARGETARCH=amd64\n", "ARG TARGETARCH\n"),
        ('ARG TARGETARCH="amd64" X=1\n', "ARG TARGETARCH X=1\n"),
        ("ARG A TARGETPLATFORM=linux/amd64 \\\n  B\n", "ARG A TARGETPLATFORM \\\n  B\n"),
    ],
)
def test_defaults_of_automatic_arguments_go(before: str, after: str):
    rest = "RUN echo $TARGETARCH $TARGETPLATFORM > /x\n"
    assert mend_twice(f"FROM alpine\n{before}{rest}").text == f"FROM alpine\n{after}{rest}"


def test_a_flag_that_says_what_holds_anyway_goes_with_one_blank():
    assert mend_twice("FROM  --platform=$TARGETPLATFORM  a\n").text == "FROM   a\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "COPY e.sh /e.sh\nRUN chmod +x /e.sh\n",
            "COPY --chmod=0755 e.sh /e.sh\n",
        ),
        (
            "COPY --chown=1:1 a b /bin/\nUSER 1\nRUN chmod 755 /bin/a && chmod 755 /bin/b\n",
            "COPY --chown=1:1 --chmod=0755 a b /bin/\nUSER 1\n",
        ),
        (
            'WORKDIR /app\nCOPY e.sh .\nRUN set -e; cd /app; chmod 0500 e.sh\nCMD ["/app/e.sh"]\n',
            'WORKDIR /app\nCOPY --chmod=0500 e.sh .\nCMD ["/app/e.sh"]\n',
        ),
        (
            "ADD --chmod=644 e.sh /e.sh\nRUN chmod a+x /e.sh\n",
            "ADD --chmod=0755 e.sh /e.sh\n",
        ),
        (
            'COPY ["e.sh", "/e.sh"]\nRUN chmod +x /e.sh\n',
            'COPY --chmod=0755 ["e.sh", "/e.sh"]\n',
        ),
    ],
)
def test_copy_sets_modes(before: str, after: str):
    assert mend_twice(f"FROM alpine\n{before}").text == f"FROM alpine\n{after}"


@pytest.mark.parametrize(
    "body",
    [
        "COPY . /app\nRUN chmod +x /app/e.sh\n",
        "COPY e.sh /app/e.sh\nCOPY . /app\nRUN chmod +x /app/e.sh\n",
        "COPY e.sh /e.sh\nRUN sed -i s/a/b/ /e.sh\nRUN chmod +x /e.sh\n",
        "COPY e.sh f.sh /bin/\nRUN chmod +x /bin/e.sh\n",
        "COPY e.sh /e.sh\nRUN chmod -R 755 /e.sh\n",
        "COPY e.sh /\nRUN chmod +x e.sh .\n",
        "COPY *.sh /bin/\nRUN chmod +x /bin/e.sh\n",
        "COPY e.sh /e.sh\nRUN chmod +x /e.sh && apk add curl\n",
        "COPY e.sh /e.sh\nRUN chmod u+s /e.sh\n",
        "COPY e.sh /e.sh\nRUN --mount=type=tmpfs,target=/t chmod +x /e.sh\n",
    ],
)
def test_copy_does_not_set_modes_of_more_or_less(body: str):
    text = f"FROM alpine\n{body}"
    assert mend(text).text == text


def test_a_stage_that_only_makes_pages_moves():
    before = "FROM node:22 AS web\nCOPY . .\nRUN npm ci && npm run build\nFROM nginx\n"
    copy = "COPY --from=web /dist /usr/share/nginx/html\n"
    after = before.replace("FROM node", "FROM --platform=$BUILDPLATFORM node")
    assert mend_twice(before + copy).text == after + copy


def test_the_flag_goes_where_the_stages_come_from():
    before = (
        "FROM golang AS base\nENV CGO_ENABLED=0\nFROM base AS build\nCOPY . .\n"
        "RUN go build -o /app .\nFROM scratch\nCOPY --from=build /app /\n"
    )
    fixed = mend_twice(before)
    assert fixed.text.startswith("FROM --platform=$BUILDPLATFORM golang AS base\n")
    assert "FROM base AS build\n" in fixed.text


def test_what_stands_on_the_same_base_is_not_moved_with_it():
    text = (
        "FROM golang AS base\nENV CGO_ENABLED=0\nFROM base AS build\nCOPY . .\n"
        "RUN go build -o /app .\nFROM base\nCOPY --from=build /app /\n"
    )
    assert mend(text).text == text


def test_goarm_follows_goarch():
    before = (
        "FROM --platform=$BUILDPLATFORM golang AS b\nARG TARGETARCH\n"
        "RUN CGO_ENABLED=0 GOARCH=$TARGETARCH go build -o /app\n"
        "FROM scratch\nCOPY --from=b /app /\n"
    )
    fixed = mend_twice(before)
    assert "ARG TARGETARCH\nARG TARGETVARIANT\nRUN" in fixed.text
    assert "GOARCH=$TARGETARCH GOARM=${TARGETVARIANT#v} go build" in fixed.text


# --- what never changes ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "path", "reason"),
    [
        ("# DO NOT EDIT\n{}", "Dockerfile", "generated"),
        ("# Code generated by x; please leave.\n{}", "Dockerfile", "generated"),
        ("{}", "deploy/Dockerfile.j2", "template"),
        ("{}", "third_party/x/Dockerfile", "somebody else's"),
        ("# escape=`\n{}", "Dockerfile", "Windows"),
        ("{}LABEL a=b\nENV x={{{{y}}}}\n", "Dockerfile", "template"),
        ("{}RUN a \\\n\n b\n", "Dockerfile", "BuildKit warns"),
    ],
)
def test_some_files_are_left_alone(text: str, path: str, reason: str):
    body = "FROM alpine\nARG TARGETARCH=amd64\nRUN echo $TARGETARCH > /x\n"
    whole = text.format(body)
    fixed = mend(whole, path=path)
    assert fixed.text == whole
    assert fixed.applied == ()
    assert [reason in why for _, why in fixed.refused] == [True]


def test_a_format_string_is_no_template():
    text = "FROM alpine\nARG TARGETARCH=amd64\nRUN x -f '{{.Dir}}' $TARGETARCH\n"
    assert mend(text).text != text


def test_a_silenced_finding_is_not_mended():
    text = "FROM alpine\n# polyarch: ignore=PA304 a test\nARG TARGETARCH=amd64\nRUN a $TARGETARCH\n"
    assert mend(text).text == text


# --- how the text stays ---------------------------------------------------------------------------


def test_line_ends_a_byte_order_mark_and_odd_bytes_stay():
    before = GO.format(run="RUN CGO_ENABLED=0 \\ \t\n\n# \udcff \u00e9\ngo build -o /out/app .")
    before = before.replace("\\ \t\n\n", "\\ \t\n").replace("\n", "\r\n").rstrip("\r\n")
    fixed = mend_twice("\ufeff" + before)
    assert fixed.text.startswith("\ufeffFROM --platform=$BUILDPLATFORM golang:1.24 AS build\r\n")
    assert fixed.text.endswith("COPY --from=build /out/app /app")
    assert "# \udcff \u00e9\r\n" in fixed.text
    assert fixed.text.replace("\r\n", "").count("\n") == 0
