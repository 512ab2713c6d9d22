"""Findings about files of one image, in one form: what it is, what it should be, who brought it."""

from collections.abc import Mapping
from dataclasses import dataclass

from polyarch.checks.binary import Format, Misfit, Program
from polyarch.checks.names import Oddity
from polyarch.checks.origin import Origins
from polyarch.errors import shorten
from polyarch.findings import Finding, Severity
from polyarch.oci.platform import Platform

_MAX_PATH = 400

BUILT_WRONG = (
    "build it for this platform: look for a fixed GOARCH or download URL, an ARG that shadows "
    "TARGETARCH or TARGETPLATFORM, and `--platform=$BUILDPLATFORM` on the last FROM"
)
FOREIGN_BY_INTENT = (
    "if it is meant for another machine, name it under `[verify] allow` in polyarch.toml"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Teller:
    """Makes the findings of one image."""

    subject: str
    platform: Platform
    origins: Origins

    def misfit(
        self, path: str, program: Program, why: Misfit, severity: Severity, layer: int
    ) -> Finding:
        """A program or library of another machine."""
        text = f"{an(program)} in an image for {self.platform}"
        runs = severity is Severity.ERROR
        return self.finding(
            why.value,
            severity,
            path,
            text,
            layer=layer,
            hint=BUILT_WRONG if runs else FOREIGN_BY_INTENT,
            details={"found": program.what, "expected": str(self.platform)},
        )

    def damaged(self, path: str, program: Program, severity: Severity, layer: int) -> Finding:
        """A program that no system can load."""
        return self.finding(
            "program-damaged",
            severity,
            path,
            an(program),
            layer=layer,
            hint="it was cut off or changed after it was built; build the image again",
            details={"found": program.what, "expected": str(self.platform)},
        )

    def oddity(self, oddity: Oddity, layer: int) -> Finding:
        """What no honest layer has."""
        return self.finding(
            oddity.code, Severity.WARNING, f"/{oddity.path}", oddity.message, layer=layer
        )

    def finding(
        self,
        code: str,
        severity: Severity,
        path: str,
        message: str,
        *,
        layer: int | None = None,
        hint: str = "",
        details: Mapping[str, str] | None = None,
    ) -> Finding:
        """Any other; `layer` is the one that brought the file, counted from 0."""
        found = dict(details or {})
        if layer is not None and layer < len(self.origins.layers):
            message = f"{message}; brought by {self.origins.told(layer)}"
            found |= self.origins.details(layer)
        return Finding(
            code=code,
            severity=severity,
            subject=self.subject,
            message=message,
            platform=self.platform,
            path=shorten(path, _MAX_PATH) if path else "",
            hint=hint,
            details=found,
        )


def an(program: Program) -> str:
    """What it is, with its article."""
    article = "an" if program.format is Format.ELF else "a"
    return f"{article} {program.what}"
