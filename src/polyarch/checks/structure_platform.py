"""Whether an image's config says the platform that its index names.

Source: image-spec v1.1 image-index.md, "platform"; config.md, "architecture", "variant";
containerd's platforms package for what an absent variant means.
"""

from collections.abc import Iterator

from polyarch.findings import Finding, Severity
from polyarch.oci.config import ImageConfig
from polyarch.oci.fields import JsonObject, decode_object
from polyarch.oci.platform import Platform


def compare_platforms(named: Platform, config: ImageConfig, subject: str) -> Iterator[Finding]:
    """What is wrong with a config that should be of `named`.

    Variants that say nothing are the same as none (`arm64/v8`, `amd64/v1`). A config that names no
    variant says nothing against the index.
    """
    own = config.platform
    if (own.os, own.architecture) != (named.os, named.architecture):
        yield _found("platform-mismatch", named, subject, f"its config says {own}")
    elif own.variant != named.variant:
        if _says_variant(config):
            yield _found("platform-mismatch", named, subject, f"its config says {own}")
        else:
            text = "its config names no variant; what it needs is only known from the index"
            yield _found("variant-unsaid", named, subject, text, severity=Severity.INFO)
    if named.os_version and own.os_version and named.os_version != own.os_version:
        text = f"its config says os.version {own.os_version}, the index {named.os_version}"
        yield _found("os-version-mismatch", named, subject, text, severity=Severity.WARNING)


def written_oddly(platform: Platform, written: JsonObject, subject: str) -> Iterator[Finding]:
    """What a `platform` object, or a config, says in another way than the specification has it."""
    architecture, variant = written.get("architecture"), written.get("variant")
    if architecture == "arm" and not variant:
        text = "it says `arm` without a variant, which runtimes take for arm/v7"
        hint = "say which variant it is: an image for arm/v6 would be passed over on such machines"
        yield _found(
            "arm-without-variant", platform, subject, text, severity=Severity.INFO, hint=hint
        )
    elif (written.get("os"), architecture) != (platform.os, platform.architecture):
        text = f"it says `{written.get('os')}/{architecture}`, which no runtime looks for"
        hint = f"names are those of Go: `{platform.os}/{platform.architecture}`"
        yield _found("platform-name", platform, subject, text, severity=Severity.WARNING, hint=hint)


def _says_variant(config: ImageConfig) -> bool:
    return bool(decode_object(config.raw, "image config").get("variant"))


def _found(
    code: str,
    platform: Platform,
    subject: str,
    message: str,
    *,
    severity: Severity = Severity.ERROR,
    hint: str = "",
) -> Finding:
    return Finding(
        code=code,
        severity=severity,
        subject=subject,
        message=message,
        platform=platform,
        hint=hint,
    )
