"""JSON Schemas of the documents that scripts rely on: what must be there; more may stand beside."""

from collections.abc import Mapping
from typing import Any

from jsonschema import Draft202012Validator

Schema = Mapping[str, Any]

TEXT: Schema = {"type": "string"}
TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
BOOL: Schema = {"type": "boolean"}
COUNT: Schema = {"type": "integer", "minimum": 0}
DIGEST: Schema = {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"}
DIGEST_OR_NULL: Schema = {"anyOf": [DIGEST, {"type": "null"}]}
PLATFORM: Schema = {"type": "string", "pattern": "^[a-z0-9]+/[a-z0-9]+(/[a-z0-9.]+)?$"}
TEXTS: Schema = {"type": "object", "additionalProperties": TEXT}


def table(**keys: Schema) -> Schema:
    """An object that has at least these keys."""
    return {"type": "object", "properties": keys, "required": list(keys)}


def items(schema: Schema) -> Schema:
    """A list."""
    return {"type": "array", "items": schema}


def one_of(*texts: str) -> Schema:
    """One of these words."""
    return {"enum": list(texts)}


def called(name: str) -> Schema:
    """The document's own name."""
    return {"const": f"polyarch.{name}/v1"}


_ERROR: Mapping[str, Schema] = {
    "code": {"type": "string", "pattern": "^[a-z]+(-[a-z]+)*$"},
    "message": {"type": "string", "minLength": 1},
    "where": TEXT_OR_NULL,
    "hint": TEXT_OR_NULL,
    "exit_code": {"enum": [1, 2, 3, 4, 5, 6, 7, 70, 130]},
    "retryable": BOOL,
}
_ERROR_OR_NULL: Schema = {"anyOf": [table(**_ERROR), {"type": "null"}]}

_CURRENT = table(
    state=one_of("absent", "present", "unknown"),
    digest=DIGEST_OR_NULL,
    version=TEXT_OR_NULL,
    revision=TEXT_OR_NULL,
    reason=TEXT_OR_NULL,
    holds=items(
        table(
            tag=TEXT,
            digest=DIGEST,
            version=TEXT_OR_NULL,
            revision=TEXT_OR_NULL,
            time=TEXT,
            who=TEXT_OR_NULL,
            why=TEXT_OR_NULL,
        )
    ),
)

PLAN = table(
    schema=called("plan"),
    event=table(name=TEXT, ref=TEXT, sha=TEXT),
    environment=TEXT_OR_NULL,
    images=items(
        table(
            name=TEXT,
            publish=BOOL,
            reason={"type": "string", "minLength": 1},
            depends_on=items(TEXT),
            platforms=items(
                table(
                    platform=PLATFORM,
                    engine=one_of("buildx", "buildah", "direct", "existing"),
                    strategy=one_of("native", "cross", "emulated", "existing"),
                    reason={"type": "string", "minLength": 1},
                    builder=TEXT_OR_NULL,
                    input_key=DIGEST,
                )
            ),
            tags=items(TEXT),
            labels=TEXTS,
            annotations=table(index=TEXTS, manifest=TEXTS),
            destinations=items(
                table(
                    repository=TEXT,
                    adapted=TEXT_OR_NULL,
                    references=items(
                        table(
                            tag=TEXT,
                            current=_CURRENT,
                            action=one_of("create", "move", "keep", "refuse", "unknown"),
                        )
                    ),
                )
            ),
        )
    ),
)

_PART: Mapping[str, Schema] = {
    "schema": called("part"),
    "image": TEXT,
    "platform": PLATFORM,
    "manifest": table(mediaType=TEXT, digest=DIGEST, size={"type": "integer", "minimum": 1}),
    "attestations": {"type": "array"},
    "sources": {"type": "array", "items": TEXT, "minItems": 1},
    "input_key": DIGEST,
    "revision": TEXT,
    "ci_run": TEXT_OR_NULL,
    "proofs": {"type": "array"},
}
PART = table(**_PART)

STAGED = table(
    done=BOOL,
    reason=TEXT,
    parts=items(
        table(
            image=TEXT,
            platform=PLATFORM,
            repository=TEXT,
            digest=DIGEST_OR_NULL,
            status=one_of("staged", "failed", "skipped"),
            error=_ERROR_OR_NULL,
        )
    ),
)

_PROOF = table(
    level=one_of("deep", "run"),
    how=one_of("read", "native", "emulated"),
    runtime=TEXT_OR_NULL,
    reused=BOOL,
    inspected_only=TEXT_OR_NULL,
    warnings=COUNT,
)

BUILD = table(schema=called("build"), parts=items(PART))

PUBLISH = table(
    schema=called("publish"),
    run={"type": "string", "minLength": 1},
    images=items(
        table(
            name=TEXT,
            digest=DIGEST_OR_NULL,
            platforms=items(table(platform=PLATFORM, digest=DIGEST, reused=BOOL, proof=_PROOF)),
            after_publish=items(
                table(
                    command=items(TEXT),
                    status=one_of("done", "failed", "skipped"),
                    log=TEXT_OR_NULL,
                    error=_ERROR_OR_NULL,
                )
            ),
            destinations=items(
                table(
                    repository=TEXT,
                    status=one_of(
                        "published", "unchanged", "skipped", "failed", "rolled-back", "left"
                    ),
                    digest=DIGEST_OR_NULL,
                    adapted=TEXT_OR_NULL,
                    bytes=table(uploaded=COUNT, mounted=COUNT, present=COUNT),
                    references=items(
                        table(
                            tag=TEXT,
                            digest=DIGEST_OR_NULL,
                            status=one_of(
                                "created", "moved", "kept", "unchanged", "restored", "left",
                                "failed",
                            ),
                        )
                    ),
                    error=_ERROR_OR_NULL,
                )
            ),
        )
    ),
)  # fmt: skip

_COPY: Mapping[str, Schema] = {
    "schema": called("copy"),
    "run": {"type": "string", "minLength": 1},
    "copied": BOOL,
    "images": items(
        table(
            name=TEXT,
            source=TEXT,
            original_digest=DIGEST,
            digest=DIGEST,
            platforms=items(table(platform=PLATFORM, digest=DIGEST, reused=BOOL)),
            notes=items(TEXT),
            destinations=items(
                table(
                    repository=TEXT,
                    status=one_of(
                        "published", "unchanged", "skipped", "failed", "rolled-back", "left"
                    ),
                    digest=DIGEST_OR_NULL,
                    adapted=TEXT_OR_NULL,
                    note=TEXT_OR_NULL,
                    references=items(table(tag=TEXT, digest=DIGEST_OR_NULL, status=TEXT)),
                    referrers=items(
                        table(
                            digest=DIGEST,
                            artifact_type=TEXT_OR_NULL,
                            subject=DIGEST,
                            carried=BOOL,
                            reason=TEXT_OR_NULL,
                        )
                    ),
                    error=_ERROR_OR_NULL,
                )
            ),
        )
    ),
}
COPY = table(**_COPY)


def moved(verb: str) -> Schema:
    """The document of `promote`, `tag`, `rollback` or `undo`."""
    statuses = ("published", "unchanged", "skipped", "failed", "rolled-back", "left")
    place = table(
        repository=TEXT,
        status=one_of(*statuses),
        digest=DIGEST_OR_NULL,
        references=items(table(tag=TEXT, digest=DIGEST_OR_NULL, status=TEXT)),
        error=_ERROR_OR_NULL,
    )
    image = table(
        name=TEXT,
        source=TEXT,
        digest=DIGEST_OR_NULL,
        platforms=items(table(platform=PLATFORM, digest=DIGEST, reused=BOOL)),
        notes=items(TEXT),
        destinations=items(place),
    )
    keys = {"run": TEXT, "moved": BOOL, "reason": TEXT, "who": TEXT, "why": TEXT}
    return table(schema=called(verb), images=items(image), **keys)


INSPECT = table(
    schema=called("inspect"),
    reference=TEXT,
    digest=DIGEST,
    media_type=TEXT,
    annotations=TEXTS,
    manifests=items(table(platform=TEXT_OR_NULL, digest=DIGEST, media_type=TEXT)),
)

WATCH = table(
    schema=called("watch"),
    run=TEXT,
    ok=BOOL,
    fail_on=one_of("error", "warning"),
    results=items(
        table(
            subject={"type": "string", "minLength": 1},
            image={"type": "string", "minLength": 1},
            ok=BOOL,
            level=one_of("config"),
            digest=DIGEST_OR_NULL,
            checked=table(platforms=COUNT, binaries=COUNT, layers=COUNT, bytes=COUNT),
            platforms=items(table(platform=PLATFORM, state=one_of("ok", "wrong", "unknown"))),
            findings=items(
                table(
                    code={"type": "string", "pattern": "^W1[0-9]{2}$"},
                    key={"type": "string", "minLength": 1},
                    severity=one_of("error", "warning", "info"),
                    platform={"anyOf": [PLATFORM, {"type": "null"}]},
                    path=TEXT_OR_NULL,
                    message={"type": "string", "minLength": 1},
                    hint=TEXT_OR_NULL,
                )
            ),
            error=_ERROR_OR_NULL,
            repositories=items(table(repository=TEXT, asked=BOOL, tags=COUNT)),
            tags=items(
                table(
                    tag=TEXT,
                    sort=TEXT,
                    current=BOOL,
                    platforms=items(PLATFORM),
                    digests=items(table(repository=TEXT, digest=DIGEST, platforms=items(PLATFORM))),
                )
            ),
            bases=items(
                table(
                    platform=PLATFORM,
                    name=TEXT,
                    digest=TEXT_OR_NULL,
                    now=DIGEST_OR_NULL,
                    state=one_of("same", "moved", "gone", "unknown"),
                    gained=items(PLATFORM),
                    lost=items(PLATFORM),
                )
            ),
            sampled=items(table(platform=PLATFORM, digest=DIGEST, repository=TEXT, state=TEXT)),
        )
    ),
    images=items(table(name=TEXT, destinations={"type": "array"})),
)

VERIFY = table(
    schema=called("verify"),
    ok=BOOL,
    results=items(
        table(
            subject={"type": "string", "minLength": 1},
            ok=BOOL,
            level=one_of("declared", "config", "deep", "run"),
            digest=DIGEST_OR_NULL,
            checked=table(platforms=COUNT, binaries=COUNT, layers=COUNT, bytes=COUNT),
            platforms=items(
                table(
                    platform=TEXT_OR_NULL,
                    state=one_of("ok", "wrong", "unknown", "yes", "no", "newer"),
                    reason=TEXT_OR_NULL,
                )
            ),
            findings=items(
                table(
                    code={"type": "string", "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$"},
                    severity=one_of("error", "warning", "info"),
                    platform={"anyOf": [PLATFORM, {"type": "null"}]},
                    path=TEXT_OR_NULL,
                    message={"type": "string", "minLength": 1},
                    hint=TEXT_OR_NULL,
                )
            ),
            error=_ERROR_OR_NULL,
        )
    ),
)

LINT = table(
    schema=called("lint"),
    ok=BOOL,
    fail_on=one_of("error", "warning", "perf", "info"),
    counts=table(error=COUNT, warning=COUNT, perf=COUNT, info=COUNT),
    files=items(
        table(
            path={"type": "string", "minLength": 1},
            kind=one_of("dockerfile", "compose", "bake", "workflow"),
            images=items(TEXT),
            findings=items(
                table(
                    rule={"type": "string", "pattern": "^PA[0-9]{3}$"},
                    name={"type": "string", "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$"},
                    severity=one_of("error", "warning", "perf", "info"),
                    line={"type": "integer", "minimum": 1},
                    token_line={"type": "integer", "minimum": 1},
                    column={"type": "integer", "minimum": 1},
                    end_line={"type": "integer", "minimum": 1},
                    end_column={"type": "integer", "minimum": 1},
                    platforms={"type": "array", "items": PLATFORM, "uniqueItems": True},
                    message={"type": "string", "minLength": 1},
                    hint=TEXT_OR_NULL,
                    fix=one_of("safe", "review", "none"),
                    why_not=TEXT_OR_NULL,
                )
            ),
            error=_ERROR_OR_NULL,
        )
    ),
)

DOCTOR = table(
    schema=called("doctor"),
    ok=BOOL,
    checks=items(
        table(
            area=TEXT,
            name=TEXT,
            status=one_of("ok", "warning", "missing", "broken"),
            message=TEXT,
            hint=TEXT_OR_NULL,
        )
    ),
    fixes={
        "oneOf": [
            {"type": "null"},
            items(
                table(
                    area=TEXT,
                    status=one_of("done", "failed", "needs-root"),
                    message=TEXT,
                    commands=TEXT,
                    problem=TEXT_OR_NULL,
                )
            ),
        ]
    },
)

CONFIG = table(
    schema=called("config"),
    file=TEXT,
    images=items(table(name=TEXT, values={"type": "array"})),
)

SANDBOX = table(schema=called("sandbox"), registries=items(table(host=TEXT, address=TEXT)))

ERROR = table(schema=called("error"), **_ERROR)


METADATA = table(
    schema=called("metadata"),
    version=TEXT_OR_NULL,
    tags=items(TEXT),
    tag_names=items(TEXT),
    labels=TEXTS,
    annotations=items({"type": "string", "pattern": "^[^:]*:[^=]*="}),
    warnings=items(TEXT),
    explanations=items(table(rule=TEXT, tag=TEXT_OR_NULL, reason=TEXT)),
)


def check(document: object, schema: Schema) -> None:
    """Fail with every difference, each with its path."""
    validator = Draft202012Validator(schema)
    faults = [f"{fault.json_path}: {fault.message}" for fault in validator.iter_errors(document)]
    assert not faults, "\n".join(faults)
