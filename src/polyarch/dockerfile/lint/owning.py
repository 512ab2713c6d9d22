"""Owners that a RUN gives to single files, where the COPY just above can give them itself.

Docker's `--chown=name` takes the user's number for the group too, where `chown name` leaves the
group as it was: only `user:group` says the same to both. Names are looked up in the image as it is
when COPY runs. Between the two nothing may run that could make an account, so what chown finds
there, COPY finds as well. Folders that COPY has to make get the owner too: the file's folder must
be there before.
"""

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from polyarch.dockerfile.lint.placing import OLD_FRONTEND, READABLE, Source, Step, source_of
from polyarch.dockerfile.lint.view import FileView, Run, StageView

NEAR = 20
"""Instructions above the RUN that are looked at: the COPY stands close by, if at all."""
_STAGES = 10

_PLAIN = re.compile(r"[\w./:+=,;&%\s-]{1,4096}")
_PARTED = re.compile(r"&&|;")
_OPTIONS = re.compile(r"[-+][eux]+|-[eux]*o|pipefail")
_NAME = r"(?:[A-Za-z_][\w-]*|\d+)"
_OWNER = re.compile(f"{_NAME}:{_NAME}")
_NUMBERS = re.compile(r"\d+:\d+")
_MODE = re.compile(r"0?[0-7]{3}|(?:a|ugo)?\+x")
_OCTAL = re.compile(r"0?[0-7]{3}")
_FILE_NAME = re.compile(r".*[\w-]\.(?!(?:d|git|github|app|bundle)$)[A-Za-z]\w*")
_FLAGS = frozenset({"from", "chown", "chmod", "link"})
_ALWAYS = frozenset({"/", "/bin", "/etc"})
"""Where there is a shell and chown knows names."""

_USUAL = frozenset({"/opt", "/usr/bin", "/usr/local", "/usr/local/bin", "/usr/sbin", "/var"})
_DISTRIBUTION = re.compile(
    r"(?:^|[/:.-])(?:alpine|bookworm|bullseye|debian|jammy|noble|slim|trixie|ubuntu)"
)
"""Images that have all of the usual folders, by what their names say."""

_ACCOUNTS = ("/etc/passwd", "/etc/group")


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What a RUN gives to one file: `name` is the program, `value` the owner or the mode."""

    name: str
    value: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """The COPY that can do it, and its flags; `mode` is as chmod was told it, empty for none."""

    step: Step
    owner: str
    mode: str


def moved(
    run: Run, above: Sequence[Step], workdir: str, stage: StageView, view: FileView
) -> Moved | None:
    """What one COPY can do instead of the RUN; None where it does more, or something else."""
    instruction = run.instruction
    if instruction.flags or instruction.heredocs or len(run.scripts) != 1:
        return None
    given = _chain(run.scripts[0].text, workdir) if run.scripts[0].is_whole else None
    near = _near(above)
    if not given or not near:
        return None
    places = [source_of(path, near) for path in {one.path for one in given}]
    step = places[0][1]
    if step is None or any(kind is not Source.FILE or one is not step for kind, one, _ in places):
        return None
    owner = _only(given, "chown", step)
    mode = _only(given, "chmod", step) if any(one.name == "chmod" for one in given) else ""
    at = next(at for at, one in enumerate(near) if one is step)
    if not owner or mode is None or not _is_plain(step, view):
        return None
    if not _NUMBERS.fullmatch(owner) and not _has_accounts(step, near[at:]):
        return None
    if not _has_folder(step, near[:at], _images(stage, view)):
        return None
    return Moved(step=step, owner=owner, mode=mode) if _takes(step, mode, view) else None


def _chain(text: str, folder: str) -> tuple[Grant, ...] | None:
    """What plain calls of chown and chmod give; None where there is anything beside them."""
    if not _PLAIN.fullmatch(text) or "&" in text.replace("&&", "") or "\n" in text.strip():
        return None
    found: list[Grant] = []
    for words in (part.split() for part in _PARTED.split(text)):
        match words:
            case [] | ["true" | ":"]:
                pass
            case ["set", *options] if all(_OPTIONS.fullmatch(one) for one in options):
                pass
            case ["cd", place] if place[0] != "-":
                folder = posixpath.join(folder, place)
            case ["chown" | "chmod" as name, value, *files] if files and value[0] != "-":
                if any(one[0] == "-" or one.endswith(("/", ".")) for one in files):
                    return None
                paths = (posixpath.normpath(posixpath.join(folder, one)) for one in files)
                found += (Grant(name=name, value=value, path=path) for path in paths)
            case _:
                return None
    return tuple(found)


def _near(above: Sequence[Step]) -> tuple[Step, ...]:
    """What stands above, up to a RUN that may do anything."""
    found: list[Step] = []
    for step in reversed(above[-NEAR:]):
        name, text = step.instruction.name, step.instruction.arguments.text
        if name == "SHELL" or (name == "RUN" and _chain(text, step.workdir) is None):
            break
        found.append(step)
    return tuple(reversed(found))


def _only(given: Sequence[Grant], name: str, step: Step) -> str | None:
    """The one value that all files of the COPY get; None where they differ."""
    values = {one.value for one in given if one.name == name}
    paths = {one.path for one in given if one.name == name}
    pattern = _OWNER if name == "chown" else _MODE
    if len(values) != 1 or paths != {path for _, path in step.files or ()}:
        return None
    (value,) = values
    return value if pattern.fullmatch(value) else None


def _is_plain(step: Step, view: FileView) -> bool:
    """Whether a COPY of this stage copies what are files for sure, to where it says."""
    copy = step.instruction
    if copy.name != "COPY" or "$" in copy.arguments.text:
        return False
    if not all(flag.name in _FLAGS for flag in copy.flags):
        return False
    return all(_is_file(*pair, step, view) for pair in step.files or ())


def _is_file(source: str, path: str, step: Step, view: FileView) -> bool:
    """Whether source and path are no folders: COPY goes into those, chown alone does not."""
    known = view.folder is not None and not step.instruction.flag("from")
    if known and view.folder and view.folder.is_folder(source):
        return False
    has = known and view.folder and view.folder.mode(source) is not None
    if not has and not _FILE_NAME.fullmatch(posixpath.basename(source)):
        return False
    return step.target.endswith("/") or bool(_FILE_NAME.fullmatch(posixpath.basename(path)))


def _has_folder(step: Step, before: Sequence[Step], bases: Sequence[str]) -> bool:
    """Whether the folder that the COPY writes to is there when it runs."""
    folder = posixpath.dirname(next(iter(step.files or (("", "/"),)))[1])
    if step.workdir == "/" and not step.words[-1].startswith("/"):
        return folder == "/"
    known = {posixpath.dirname(path) for one in before for path in _placed(one)}
    known |= _ALWAYS
    if all(_DISTRIBUTION.search(base) for base in bases):
        known |= _USUAL
    return folder in known or f"{step.workdir.rstrip('/')}/".startswith(f"{folder.rstrip('/')}/")


def _images(stage: StageView, view: FileView) -> tuple[str, ...]:
    """The images that the stage stands on in the end; one without a name where that is far."""
    for _ in range(_STAGES):
        if not stage.parents:
            return stage.bases
        if len(stage.bases) > 1:
            break
        stage = view.stages[stage.parents[0]]
    return ("",)


def _has_accounts(step: Step, after: Sequence[Step]) -> bool:
    """Whether the accounts of the image are the same for the COPY as for the RUN."""
    flag = step.instruction.flag("link")
    return flag is None and not any(
        path == account or account.startswith(f"{path.rstrip('/')}/")
        for one in after
        for path in _placed(one)
        for account in _ACCOUNTS
    )


def _placed(step: Step) -> Iterator[str]:
    if step.instruction.name in {"ADD", "COPY"}:
        files = step.files
        yield from [step.target] if files is None else [path for _, path in files]


def _takes(step: Step, mode: str, view: FileView) -> bool:
    """Whether the mode can be told in digits, to a frontend that knows the flag."""
    if not mode:
        return True
    syntax, given = view.file.syntax, step.instruction.flag("chmod")
    if view.given.builder or (syntax and OLD_FRONTEND.fullmatch(syntax)):
        return False
    if _OCTAL.fullmatch(mode):
        return True
    if given:
        return bool(_OCTAL.fullmatch(given.value or ""))
    if view.folder is None or step.instruction.flag("from"):
        return True
    known = (view.folder.mode(source) for source, _ in step.files or ())
    return all(one is None or one & READABLE == READABLE for one in known)
