"""Whether every image of a stack has the platforms that it is to run on."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from polyarch.ci.compose import StackRequest, read_stack
from polyarch.ci.compose_service import Said, Service
from polyarch.config.project import Project
from polyarch.content.places import Place
from polyarch.errors import (
    InvalidPlatformError,
    InvalidReferenceError,
    ManifestNotFoundError,
    RepositoryNotFoundError,
)
from polyarch.findings import Finding, Report, Severity
from polyarch.oci.platform import Platform, nearest
from polyarch.pipeline.reach import Reach
from polyarch.pipeline.stack_builds import BUILT_HERE, of_build
from polyarch.pipeline.stack_result import Answer, Has, ServiceOutcome, StackResult
from polyarch.pipeline.verify import Desk, desk
from polyarch.pipeline.verify_declared import Declared
from polyarch.pipeline.verify_request import Level, VerifyRequest
from polyarch.pipeline.verify_result import VerifyOutcome, why
from polyarch.pipeline.world import World

_ABSENT = (ManifestNotFoundError, RepositoryNotFoundError)


@dataclass(frozen=True, slots=True, kw_only=True)
class StackAsk:
    """Which compose files, and for which platforms; `level` as of any image."""

    stack: StackRequest
    platforms: tuple[Platform, ...]
    level: Level = Level.CONFIG
    smoke_tests: tuple[tuple[str, ...], ...] = ()
    fail_on: Severity = Severity.ERROR


def verify_stack(
    ask: StackAsk, reach: Reach, world: World, *, project: Project | None, folder: Path
) -> StackResult:
    """Look at the images of a stack's services.

    Raises:
        StackError: a compose file cannot be read.
    """
    stack = read_stack(ask.stack)
    named = {each.name: _place(each.image) for each in stack.services}
    places = tuple(dict.fromkeys(each for each in named.values() if isinstance(each, Place)))
    request = VerifyRequest(
        subjects=places,
        platforms=ask.platforms,
        level=ask.level,
        smoke_tests=ask.smoke_tests,
        fail_on=ask.fail_on,
    )
    with desk(request, reach, world, project=project, folder=folder) as at:
        outcomes = dict(zip(places, at.places.map(at.outcome, places), strict=True))
        judge = _Judge(ask=ask, desk=at, declared=Declared(opener=at.opener), outcomes=outcomes)
        services = at.places.map(lambda each: judge.service(each, named[each.name]), stack.services)
        return StackResult(
            file=stack.file,
            services=tuple(services),
            left_out=tuple(each.name for each in stack.left_out),
            notes=stack.notes,
            fail_on=ask.fail_on,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judge:
    ask: StackAsk
    desk: Desk
    declared: Declared
    outcomes: Mapping[Place, VerifyOutcome]

    def service(self, service: Service, named: Place | str) -> ServiceOutcome:
        """What is known of one service."""
        known = self.outcomes.get(named) if isinstance(named, Place) else None
        # What is built here need not be in any registry, and some say 401 of what is not there.
        built = service.build is not None and (known is None or known.digest is None)
        if built:
            answers = self._built(service)
        elif isinstance(named, str):
            answers = tuple(_unknown(each, named) for each in self.ask.platforms)
        else:
            answers = tuple(self._answer(named, each) for each in self.ask.platforms)
        pinned, problem = _pin(service)
        told = [*self._told(service, answers), *_pin_findings(service, pinned, problem, answers)]
        return ServiceOutcome(
            service=service.name,
            image=service.image.text if service.image else "",
            pinned=pinned,
            answers=answers,
            outcome=self._outcome(service, None if built else known, answers, told),
        )

    def _built(self, service: Service) -> tuple[Answer, ...]:
        assert service.build is not None  # noqa: S101 - asked by the caller
        return tuple(of_build(service.build, each, self.declared) for each in self.ask.platforms)

    def _answer(self, place: Place, platform: Platform) -> Answer:
        outcome = self.outcomes[place]
        if isinstance(outcome.error, _ABSENT) and outcome.digest is None:
            return self._lacking(place, platform, "there is no such image")
        if outcome.digest is None:
            return _unknown(platform, why(outcome.error) if outcome.error else "")
        offered = [each.platform for each in outcome.images if each.platform]
        taken = nearest(offered, platform)
        proof = next((each for each in outcome.proofs if taken and each.platform == taken), None)
        if proof is None:
            has = ", ".join(dict.fromkeys(map(str, offered))) or "none that is named"
            return self._lacking(place, platform, f"there are {has}")
        digest = str(proof.digest)
        if proof.unknown:
            return replace(_unknown(platform, why(proof.unknown)), digest=digest)
        wrong = proof.report.at_least(self.ask.fail_on)
        if wrong:
            reason = wrong[0].message
            return Answer(platform=platform, has=Has.WRONG, reason=reason, digest=digest)
        return Answer(platform=platform, has=Has.YES, digest=digest)

    def _lacking(self, place: Place, platform: Platform, reason: str) -> Answer:
        tag = self.declared.newer(place, platform)
        if not tag:
            return Answer(platform=platform, has=Has.NO, reason=reason)
        newer = str(replace(place, tag=tag))
        return Answer(platform=platform, has=Has.NEWER, reason=reason, newer=newer)

    def _told(self, service: Service, answers: Sequence[Answer]) -> Iterator[Finding]:
        for answer in answers:
            if answer.has in {Has.NO, Has.NEWER}:
                hint = f"`{answer.newer}` has it" if answer.newer else ""
                message = f"{_name(service)} has no image for it: {answer.reason}"
                yield _found(service, "platform-missing", message, answer.platform, hint=hint)
        reasons = dict.fromkeys(
            answer.reason for answer in answers if answer.has is Has.UNKNOWN and service.build
        )
        for reason in reasons:
            hint = "`polyarch verify image:NAME` proves what polyarch built"
            message = f"whether it will have the platforms is not known: {reason}"
            severity = Severity.WARNING
            yield _found(service, "built-here", message, None, severity=severity, hint=hint)

    def _outcome(
        self,
        service: Service,
        known: VerifyOutcome | None,
        answers: Sequence[Answer],
        told: Sequence[Finding],
    ) -> VerifyOutcome:
        if known is None:
            reason = "; ".join(dict.fromkeys(each.reason for each in answers if each.reason))
            is_built = service.build is not None
            report = Report(
                subject=service.name,
                findings=tuple(told),
                unknown="" if is_built else reason,
                left_out=reason if is_built else "",
            )
            return VerifyOutcome(subject=service.name, report=report, level=self.ask.level)
        own = [each for each in known.report.findings if each.code != "platform-missing"]
        report = replace(known.report.of(service.name), findings=())
        found = (*told, *(replace(each, subject=service.name) for each in own))
        if isinstance(known.error, _ABSENT) and known.digest is None:  # told as a finding
            report, known = replace(report, unknown=""), replace(known, error=None)
        return replace(known, subject=service.name, report=replace(report, findings=found))


def _place(image: Said | None) -> Place | str:
    """Where the image is, or why that is not known."""
    if image is None:
        return f"{BUILT_HERE}, under no name"
    if image.problem:
        return image.problem
    try:
        return Place.parse(f"docker://{image.text}")
    except InvalidReferenceError as error:
        unset = ", ".join(f"`{name}`" for name in image.unset)
        return f"{why(error)}; {unset} not set" if unset else why(error)


def _pin(service: Service) -> tuple[Platform | None, str]:
    """The platform that the file says, or why it cannot be one."""
    said = service.platform
    if said is None or not (said.text or said.problem):
        return None, ""
    try:
        return (None, said.problem) if said.problem else (Platform.parse(said.text), "")
    except InvalidPlatformError as error:
        return None, error.message


def _pin_findings(
    service: Service, pinned: Platform | None, problem: str, answers: Sequence[Answer]
) -> Iterator[Finding]:
    if problem:
        yield _found(service, "platform-pin", f"`platform` cannot be used: {problem}", None)
    if pinned is None:
        return
    for answer in answers:
        if answer.platform == pinned:
            continue
        message = f"`platform: {pinned}` makes every machine run that image, others emulate it"
        hint = ""
        if answer.has is Has.YES:
            hint = f"the image has {answer.platform}: leave `platform` out"
        elif answer.has in {Has.NO, Has.NEWER}:
            hint = "it hides that the image has no other"
        severity = Severity.WARNING
        yield _found(
            service, "platform-pinned", message, answer.platform, severity=severity, hint=hint
        )


def _unknown(platform: Platform, reason: str) -> Answer:
    return Answer(platform=platform, has=Has.UNKNOWN, reason=reason)


def _name(service: Service) -> str:
    return f"`{service.image.text}`" if service.image and service.image.text else "what is built"


def _found(
    service: Service,
    code: str,
    message: str,
    platform: Platform | None,
    *,
    severity: Severity = Severity.ERROR,
    hint: str = "",
) -> Finding:
    where = service.platform if code.startswith("platform-pin") else service.image
    return Finding(
        code=code,
        severity=severity,
        subject=service.name,
        platform=platform,
        message=message,
        path=where.file if where else service.file,
        line=where.line if where else service.line,
        hint=hint,
    )
