"""The forms that texts of the file take: what is said about a text that has another.

A form is what `schema` hangs on a type. Its check answers None or what is wrong, without the key
path; texts that could be a secret put in the wrong place are not repeated.
"""

import re
from collections.abc import Callable
from functools import partial

from msgspec import Meta

from polyarch.config.placeholders import (
    AFTER_PLACEHOLDERS,
    GATE_PLACEHOLDERS,
    command_problem,
    expand,
    hook_problem,
    placeholder_problem,
    source_problem,
    target_name_problem,
)
from polyarch.errors import (
    InvalidPlatformError,
    InvalidPublishRuleError,
    InvalidReferenceError,
    InvalidRuleError,
    PolyarchError,
    shorten,
)
from polyarch.host.ci_event import TAG
from polyarch.host.git_url import is_git, parse_git
from polyarch.metadata.flavor import Flavor
from polyarch.metadata.policy import PublishRule
from polyarch.metadata.rule import Rule
from polyarch.oci.platform import Platform
from polyarch.oci.reference import DigestReference, Repository, parse_reference

Check = Callable[[str], str | None]

SCRATCH = "scratch"
IMAGE_PREFIX = "image:"
_IMAGE_CONTEXT = "docker-image://"
SAMPLE_NAME = "image"
"""A valid image name, for checks before the image is known."""

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://|git@")
_PORT = re.compile(r"([0-9]{1,5})(?:/(?:tcp|udp|sctp))?")
_HIGHEST_PORT = 65535


def form(check: Check, *, pattern: str | None = None) -> Meta:
    """A form by a function; `pattern` is for the JSON Schema."""
    return Meta(pattern=pattern, extra={"check": check})


def shaped(pattern: str, words: str) -> Meta:
    """A form by a regular expression with both anchors; the text itself is not repeated."""
    expression = re.compile(pattern)
    return form(lambda text: None if expression.fullmatch(text) else words, pattern=pattern)


def check_of(meta: object) -> Check | None:
    """The check that `form` or `shaped` stored in a type's extra."""
    return meta.get("check") if isinstance(meta, dict) else None


def platform_problem(text: str) -> str | None:
    """Platforms are understood as people write them: see `Platform.parse`."""
    try:
        Platform.parse(text)
    except InvalidPlatformError as error:
        return _told(error)
    return None


def repository_problem(text: str) -> str | None:
    """A repository with neither tag nor digest."""
    problem = placeholder_problem(text)
    if problem:
        return problem
    example = expand(text, SAMPLE_NAME)
    try:
        Repository.parse(example)
    except InvalidReferenceError as error:
        return _told(error).replace(example, text)
    return None


def base_problem(text: str) -> str | None:
    """A base image: `scratch`, `image:NAME` or a reference."""
    problem = placeholder_problem(text)
    if problem or text == SCRATCH or text.startswith(IMAGE_PREFIX):
        return problem
    example = expand(text, SAMPLE_NAME)
    try:
        parse_reference(example)
    except InvalidReferenceError as error:
        return _told(error).replace(example, text)
    return None


def pinned_problem(text: str) -> str | None:
    """An image that can never be another one: a reference with a digest."""
    problem = placeholder_problem(text)
    if problem:
        return problem
    example = expand(text, SAMPLE_NAME)
    try:
        reference = parse_reference(example)
    except InvalidReferenceError as error:
        return _told(error).replace(example, text)
    if not isinstance(reference, DigestReference):
        return f"`{shorten(text)}` may be another image tomorrow; pin it: `name@sha256:…`"
    return None


def reference_problem(text: str) -> str | None:
    """An image in a registry."""
    try:
        parse_reference(text)
    except InvalidReferenceError as error:
        return _told(error)
    return None


def path_problem(text: str) -> str | None:
    """A path from the project's root."""
    if not text:
        return "the path is empty; `.` is the project's root"
    if not text.isprintable():
        return "a path has no control characters"
    if _SCHEME.match(text):
        return f"`{shorten(text)}` is no path of this project"
    if text.startswith(("/", "~")):
        return f"`{shorten(text)}` exists on one machine only; write it from the project's root"
    return placeholder_problem(text)


def context_problem(text: str) -> str | None:
    """A folder from the project's root, or a Git repository in BuildKit's form."""
    return _git_problem(text) if is_git(text) else path_problem(text)


def named_context_problem(text: str) -> str | None:
    """A folder, a Git repository, an image of the project or of a registry, or a layout."""
    if is_git(text):
        return _git_problem(text)
    problem = placeholder_problem(text)
    if problem is None and text.startswith(_IMAGE_CONTEXT):
        image = expand(text, SAMPLE_NAME).removeprefix(_IMAGE_CONTEXT)
        if reference_problem(image):
            return f"behind `{_IMAGE_CONTEXT}` stands an image, as `debian:12`"
    return problem


def _git_problem(text: str) -> str | None:
    problem = placeholder_problem(text)
    if problem:
        return problem
    try:
        parse_git(expand(text, SAMPLE_NAME))
    except ValueError as error:
        return str(error)
    return None


def target_problem(text: str) -> str | None:
    """An absolute path within the image."""
    if not text.startswith("/"):
        return "a path in the image begins with `/`"
    return target_name_problem(text)


def publish_problem(text: str) -> str | None:
    """One entry of `[publish] on`, as `metadata` reads it."""
    if text.replace("_", "-").startswith(("pull-request", "merge-request")):
        return "a pull request never publishes"
    try:
        PublishRule.parse(text)
    except InvalidPublishRuleError as error:
        told = _told(error)
        return told if told != error.message else f"{told}; {error.hint}"
    return None


def rule_problem(text: str) -> str | None:
    """One tag rule; what its expressions give is known only with an event."""
    try:
        Rule.parse(expand(text, SAMPLE_NAME))
    except InvalidRuleError as error:
        return _told(error)
    return None


def flavor_problem(text: str) -> str | None:
    """One item of a flavor."""
    try:
        Flavor.parse([expand(text, SAMPLE_NAME)])
    except InvalidRuleError as error:
        return _told(error)
    return None


def glob_problem(text: str) -> str | None:
    """A glob for the names of git tags."""
    if text.startswith("refs/"):
        return f"write the tag without `{TAG}`"
    return publish_problem(f"tag:{text}")


def port_problem(text: str) -> str | None:
    """A port, with or without its protocol."""
    found = _PORT.fullmatch(text)
    if found and 0 < int(found[1]) <= _HIGHEST_PORT:
        return None
    return "a port is written `8080` or `8080/udp`"


def expression_problem(text: str) -> str | None:
    """A regular expression, as Python's `re` has them."""
    try:
        re.compile(text)
    except re.error as error:
        return f"this is no regular expression: {error.msg}"
    return None


def prefix_problem(text: str) -> str | None:
    """A registry's host, or a host and the beginning of a repository's path."""
    host = text.partition("/")[0]
    if not ("." in host or ":" in host or host == "localhost"):
        return f"`{shorten(host)}` is no registry's host; Docker Hub is written `docker.io`"
    try:
        Repository.parse(f"{text}/{SAMPLE_NAME}")
    except InvalidReferenceError:
        return "write a registry's host, as `ghcr.io`, or with the beginning of a path"
    return None


PLATFORM = form(platform_problem)
REPOSITORY = form(repository_problem)
BASE = form(base_problem)
PINNED = form(pinned_problem)
PATH = form(path_problem)
CONTEXT = form(context_problem)
NAMED_CONTEXT = form(named_context_problem)
ABSOLUTE = form(target_problem, pattern="^/")
RUN = form(command_problem)
LAID = form(source_problem)
GATE = form(partial(hook_problem, known=GATE_PLACEHOLDERS))
AFTER = form(partial(hook_problem, known=AFTER_PLACEHOLDERS))
EXPRESSION = form(expression_problem)
ONE_IMAGE = form(placeholder_problem)
PUBLISH = form(publish_problem)
RULE = form(rule_problem)
FLAVOR = form(flavor_problem)
GLOB = form(glob_problem)
PORT = form(port_problem)
PREFIX = form(prefix_problem)
NAME = shaped(
    r"^[a-z0-9]+(?:[._-]+[a-z0-9]+)*$",
    "a name has lower-case letters and digits, with `.`, `_` or `-` between them",
)
VARIABLE = shaped(
    r"^[A-Za-z_][A-Za-z0-9_]*$",
    "expected the name of an environment variable; a value never stands in this file",
)
ARGUMENT = shaped(r"^[A-Za-z_][A-Za-z0-9_.-]*$", "this is no name of a build argument")
LABEL = shaped(r"^[^=\s]+$", "a name here has neither spaces nor `=`")
DURATION = shaped(
    r"^(?:[0-9]{1,6}[smh]|[0-9]{1,5}d)$", "a duration is written `90s`, `30m`, `12h` or `7d`"
)
"""Longer ones do not fit what clocks, Docker (64-bit nanoseconds) and dates count with."""
SECRET = shaped(
    r"^id=[A-Za-z0-9_.-]+,(?:env=[A-Za-z_][A-Za-z0-9_]*|src=[^,]+)$",
    "a build secret is written `id=npm,env=NPM_TOKEN` or `id=npm,src=FILE`; a value never stands"
    " in this file",
)
SSH = shaped(
    r"^[A-Za-z0-9_.-]+(?:=[^,=]+)?$",
    "an SSH agent or key is written `default`, or `NAME=` and a path",
)
TAG_NAME = shaped(r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$", "this is no name of a tag")
SPACE = shaped(r"^[1-9][0-9]*(?:MB|GB|TB|%)$", "space is written `500MB`, `20GB` or `30%`")
ONE_REFERENCE = form(reference_problem)
USER = shaped(
    r"^(?:[A-Za-z0-9_][A-Za-z0-9_.-]*(?::[A-Za-z0-9_][A-Za-z0-9_.-]*)?)?$",
    "a user is written `1000`, `1000:1000` or as a name",
)
PACKAGE = shaped(
    r"^(?!-)(?!.*\.\.\.)\S+$", "expected one package with a main function, as `./cmd/server`"
)
SIGNAL = shaped(r"^(?:SIG[A-Z0-9]+(?:[+-][0-9]+)?|[0-9]{1,2})?$", "a signal is written `SIGTERM`")
INSIDE = shaped(r"^/(?!.*/\.\.(?:/|$)).*$", "a path in the image begins with `/`")
MODE = shaped(r"^[0-7]{3,4}$", "a file's mode is written `0644` or `0755`, in quotes")


def _told(error: PolyarchError) -> str:
    """The message, and the nearest right one where the hint begins with it."""
    meant, question, _ = (error.hint or "").partition("? ")
    near = question and meant.startswith("did you mean")
    return f"{error.message}; {meant}?" if near else error.message
