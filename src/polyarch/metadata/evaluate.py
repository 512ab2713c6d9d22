"""What one rule gives for an event: a value or nothing, and why."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from polyarch.errors import InvalidRuleError, InvalidTemplateError
from polyarch.host.ci_event import BRANCH, PULL, TAG
from polyarch.metadata.expressions import Situation
from polyarch.metadata.javascript import number
from polyarch.metadata.kind import TagKind, kind_of_pattern
from polyarch.metadata.pep440 import PythonVersion
from polyarch.metadata.regex import Expression
from polyarch.metadata.rule import KIND, Rule
from polyarch.metadata.semver import SemanticVersion
from polyarch.metadata.template import Scope
from polyarch.metadata.template_parser import is_raw_statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """`value` is None where the rule gives nothing; `latest` is what `latest=auto` then means."""

    value: str | None
    reason: str
    latest: bool = False
    kind: TagKind = TagKind.COMMITS


def evaluate(rule: Rule, situation: Situation) -> Outcome:
    """Work out one enabled rule, before prefix, suffix and sanitising.

    Raises:
        InvalidTemplateError: an expression in it cannot be worked out.
        InvalidRuleError: a regular expression in it is broken, or finds nothing to take.
    """
    return _TYPES[rule.type](rule, situation)


def _nothing(reason: str) -> Outcome:
    return Outcome(value=None, reason=reason)


def _warned(situation: Situation, rule: Rule, problem: str) -> Outcome:
    situation.warn(f"{problem}: `{rule.text}` gives no tag")
    return _nothing(problem)


def _schedule(rule: Rule, situation: Situation) -> Outcome:
    if "schedule" not in situation.event.name:
        return _nothing(f"the event is `{situation.event.name}`, not a schedule")
    value = _rendered(rule, "pattern", situation, situation.dates())
    return Outcome(value=value, reason="the event is a schedule")


def _ref(rule: Rule, situation: Situation) -> Outcome:
    ref, kind = situation.event.ref, rule.attributes["event"]
    prefix = {"branch": BRANCH, "tag": TAG, "pr": PULL}[kind]
    if not ref.startswith(prefix):
        wanted = {"branch": "branch", "tag": "tag", "pr": "pull request"}[kind]
        return _nothing(f"the ref `{ref}` is no {wanted}")
    value = ref.removeprefix(prefix)
    if kind == "pr":
        value = value.removesuffix("/merge")
    tag = kind == "tag"
    how = TagKind.FIXED if tag else TagKind.COMMITS
    return Outcome(value=value, reason=f"the ref is `{ref}`", latest=tag, kind=how)


def _edge(rule: Rule, situation: Situation) -> Outcome:
    branch = situation.event.branch
    if branch is None:
        return _nothing(f"the ref `{situation.event.ref}` is no branch")
    wanted = rule.attributes["branch"] or situation.repository.default_branch
    if branch != wanted:
        return _nothing(f"the branch is `{branch}`, not `{wanted}`")
    return Outcome(value="edge", reason=f"the branch is `{branch}`")


def _raw(rule: Rule, situation: Situation) -> Outcome:
    value = situation.render(rule.attributes["value"], where=rule.place("value"))
    kind = TagKind.FIXED if value and value == situation.event.tag else TagKind.VERSIONS
    return Outcome(value=value, reason="it is always given", kind=kind)


def _sha(rule: Rule, situation: Situation) -> Outcome:
    sha = situation.event.sha
    if not sha:
        return _nothing("the commit is not known")
    value = sha if rule.attributes["format"] == "long" else situation.short_sha()
    return Outcome(value=value, reason=f"the commit is `{sha}`", kind=TagKind.FIXED)


def _semver(rule: Rule, situation: Situation) -> Outcome:
    text = _version_text(rule, situation)
    if text is None:
        return _nothing(f"the ref `{situation.event.ref}` is no tag, and there is no `value`")
    version = SemanticVersion.parse(text)
    if version is None:
        return _warned(situation, rule, f"`{text}` is not a semantic version")
    scope: Scope = {
        "raw": version.raw,
        "version": str(version),
        "major": version.major,
        "minor": version.minor,
        "patch": version.patch,
        "prerelease": version.prerelease,
        "build": version.build,
    }
    pattern = rule.attributes["pattern"]
    if version.prerelease and not is_raw_statement(pattern):
        reason = f"`{text}` is a pre-release: the whole version"
        return Outcome(value=str(version), reason=reason, kind=TagKind.FIXED)
    return Outcome(
        value=_rendered(rule, "pattern", situation, scope),
        reason=f"the version is `{text}`",
        latest=not version.prerelease,
        kind=kind_of_pattern(pattern),
    )


def _pep440(rule: Rule, situation: Situation) -> Outcome:
    text = _version_text(rule, situation)
    if text is None:
        return _nothing(f"the ref `{situation.event.ref}` is no tag, and there is no `value`")
    version = PythonVersion.parse(text)
    if version is None:
        return _warned(situation, rule, f"`{text}` is not a version by PEP 440")
    pattern = rule.attributes["pattern"]
    if not version.final:
        value = version.raw if is_raw_statement(pattern) else version.normal
        reason = f"`{text}` is not a final release: the whole version"
        return Outcome(value=value, reason=reason, kind=TagKind.FIXED)
    scope: Scope = {
        "raw": lambda _: version.raw,
        "version": lambda _: version.normal,
        "major": lambda _: version.number(0),
        "minor": lambda _: version.number(1),
        "patch": lambda _: version.number(2),
    }
    return Outcome(
        value=_rendered(rule, "pattern", situation, scope),
        reason=f"the version is `{text}`",
        latest=True,
        kind=kind_of_pattern(pattern),
    )


def _match(rule: Rule, situation: Situation) -> Outcome:
    text = _tag_or_value(rule, situation)
    if text is None:
        return _nothing(f"the ref `{situation.event.ref}` is no tag, and there is no `value`")
    pattern, group = rule.attributes["pattern"], rule.attributes["group"]
    found = _find(rule, "pattern", _expression(pattern), text, _place(group))
    if found is None:
        return _warned(situation, rule, f"`{pattern}` does not match `{text}`")
    if found[0] is None:
        return _warned(situation, rule, f"`{pattern}` has no group `{group}` in `{text}`")
    return Outcome(
        value=found[0],
        reason=f"`{pattern}` matches `{text}`",
        latest=True,
        # What leaves out the end of a version is the name of several.
        kind=TagKind.FIXED if text.endswith(found[0]) else TagKind.VERSIONS,
    )


_TYPES: Mapping[str, Callable[[Rule, Situation], Outcome]] = {
    "schedule": _schedule,
    "semver": _semver,
    "pep440": _pep440,
    "match": _match,
    "edge": _edge,
    "ref": _ref,
    "raw": _raw,
    "sha": _sha,
}


def _rendered(rule: Rule, attribute: str, situation: Situation, scope: Scope) -> str:
    template = rule.attributes[attribute]
    return situation.render_in(scope, template, where=rule.place(attribute))


def _tag_or_value(rule: Rule, situation: Situation) -> str | None:
    """The rule's `value`, else the tag; None for any other ref."""
    value = rule.attributes["value"]
    if value:
        return situation.render(value, where=rule.place("value"))
    return situation.event.tag


def _version_text(rule: Rule, situation: Situation) -> str | None:
    text = _tag_or_value(rule, situation)
    pattern = rule.attributes["match"]
    if text is None:
        return None
    if not (pattern or rule.attributes["value"]):
        text = text.removeprefix(situation.tag_prefix)
    elif pattern:
        found = _find(rule, "match", Expression(pattern=pattern), text, 1)
        if found is None:
            situation.warn(f"`{pattern}` does not match `{text}`: the whole is taken")
        elif found[0] is None:
            problem = f"`{pattern}` matches `{text}` without a first group to take"
            raise InvalidRuleError(KIND, rule.text, problem, attribute="match")
        else:
            text = found[0]
    return text.replace("/", "-")


def _find(
    rule: Rule, attribute: str, expression: Expression, text: str, group: int | None
) -> tuple[str | None] | None:
    """The text of a group; a None within where it took no part, None for a miss."""
    try:
        found = expression.find(text, 0 if group is None else group)
    except InvalidTemplateError as error:
        raise InvalidRuleError(KIND, rule.text, error.reason, attribute=attribute) from error
    if found is None:
        return None
    return (None if group is None else found.text,)


def _expression(pattern: str) -> Expression:
    """`/expression/flags`, or all of it."""
    body, slash, flags = pattern[1:].rpartition("/")
    if pattern.startswith("/") and slash and body and "\n" not in pattern:
        return Expression(pattern=body, flags=flags)
    return Expression(pattern=pattern)


def _place(group: str) -> int | None:
    """A group is looked up by its spelling: `1.0` and nothing are numbers and find none."""
    plain = group.isascii() and group.isdigit() and str(int(number(group))) == group
    return int(group) if plain else None
