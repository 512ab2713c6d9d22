"""What in one compose file ties an image to one platform, by its text alone.

Source: the Compose specification, build.md ("platforms": it must hold the service's `platform`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from polyarch.ci.automatic import overridden
from polyarch.ci.compose_reading import Reading
from polyarch.ci.compose_service import Said
from polyarch.ci.fix_compose import stands_alone
from polyarch.ci.lint_rules import PLATFORM_PIN
from polyarch.ci.yaml import Tree, read_yaml
from polyarch.dockerfile.lint.finding import FixClass, LintFinding
from polyarch.dockerfile.textlines import Lines
from polyarch.errors import ComposeFileError, InvalidPlatformError
from polyarch.findings import Severity
from polyarch.oci.platform import Platform

_WANTED = "somebody may have wanted the one platform"
_DROP = "leave `platform:` out, and list what is published under `build.platforms`"


def lint_compose(raw: bytes, name: str, platforms: Sequence[Platform]) -> Iterator[LintFinding]:
    """Findings in one file; variables have their defaults, and files that it includes are not read.

    Raises:
        YamlError, ComposeFileError: it cannot be read.
    """
    tree = read_yaml(raw, name)
    lines = Lines.of(raw.decode("utf-8", "surrogateescape"))
    if tree.table is None and not tree.is_null:
        raise ComposeFileError(name, 1, "it is no table")
    services = tree.get("services")
    if services is None or services.is_null:
        return
    reading = Reading(name=name, folder=Path(), variables={})
    judge = _Judge(reading=reading, lines=lines, platforms=tuple(platforms))
    for service, table in reading.table(services, "services").items():
        if table.table is not None:
            yield from judge.service(service, table.table)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judge:
    reading: Reading
    lines: Lines
    platforms: tuple[Platform, ...]

    def service(self, name: str, table: Mapping[str, Tree]) -> Iterator[LintFinding]:
        build = table.get("build")
        listed = build.get("platforms") if build else None
        pin = self.reading.said(table.get("platform"), "platform")
        if pin and pin.text and not pin.problem:
            yield from self._pinned(name, pin, listed, is_built=bool(build and not build.is_null))
        arguments = build.get("args") if build else None
        if arguments:
            yield from overridden(arguments, self.lines, self.platforms)

    def _pinned(
        self, name: str, pin: Said, listed: Tree | None, *, is_built: bool
    ) -> Iterator[LintFinding]:
        platform = _platform(pin.text)
        if platform is None:
            return
        others = tuple(each for each in self.platforms if not platform.satisfies(each))
        built = [
            each
            for item in (listed.items or () if listed else ())
            if (said := self.reading.said(item, "platforms")) and (each := _platform(said.text))
        ]
        if built and platform not in built:
            yield self._found(
                pin,
                Severity.ERROR,
                self.platforms,
                f"service `{name}` runs `{platform}`, and its `build.platforms` does not list it:"
                " Compose refuses that",
            )
        elif others and is_built:
            also = f", although it is built for {_listed(built)}" if len(built) > 1 else ""
            yield self._found(
                pin,
                Severity.WARNING,
                others,
                f"service `{name}` builds and runs `{platform}` on every machine{also}: machines"
                " of another platform emulate it",
            )
        elif others:
            yield self._found(
                pin,
                Severity.INFO,
                others,
                f"service `{name}` runs the `{platform}` image on every machine, emulated where"
                " the machine is another, whether or not the image has the machine's own",
            )

    def _found(
        self, pin: Said, severity: Severity, platforms: tuple[Platform, ...], message: str
    ) -> LintFinding:
        is_built = severity is not Severity.INFO
        may = is_built and stands_alone(self.lines, pin.line) and pin.file == self.reading.name
        fix = FixClass.REVIEW if may else FixClass.NONE
        return LintFinding(
            rule=PLATFORM_PIN.id,
            severity=severity,
            line=pin.line,
            span=self.lines.word_at(pin.line, pin.text),
            platforms=platforms,
            message=message,
            hint=_DROP
            if severity is not Severity.INFO
            else "leave `platform:` out if the image"
            " has the others: `polyarch verify --compose` says so",
            fix=fix,
            why_not=_WANTED if fix is FixClass.REVIEW else "",
        )


def _platform(text: str) -> Platform | None:
    try:
        return Platform.parse(text)
    except InvalidPlatformError:
        return None


def _listed(platforms: Sequence[Platform]) -> str:
    return ", ".join(f"`{each}`" for each in platforms)
