"""Asking who put what under a tag, and telling it."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from polyarch.cli.exit_codes import ExitCode
from polyarch.cli.invocation import Invocation
from polyarch.cli.runs_open import Records
from polyarch.errors import UsageError, shorten
from polyarch.oci.digest import Digest
from polyarch.oci.reference import TagReference, parse_reference

if TYPE_CHECKING:
    from polyarch.pipeline.run_who import Known


def ask_who(invocation: Invocation, records: Records, tag: str, digest: str) -> ExitCode:
    """`polyarch runs who`; exit code 3 where nothing stands there, 5 where nobody could say."""
    from polyarch.pipeline.run_listing import known_here
    from polyarch.pipeline.run_who import SCHEMA, absent, who

    tags = _asked(tag, records)
    wanted = str(Digest.parse(digest)) if digest else ""
    with invocation.progress() as listen, records.registries(listen) as registries:
        sources: list[Callable[[], Iterable[Known]]] = [lambda: known_here(records.folder)]
        if records.has_store:
            sources.append(lambda: records.known_stored(registries))
        answers = who(tags, sources, registries, wanted)

    def view() -> str:
        from polyarch.cli.runs_view import who_view

        return who_view(answers)

    invocation.emit({"schema": SCHEMA, "answers": [each.to_json() for each in answers]}, view)
    if all(absent(answer) for answer in answers):
        return ExitCode.NOTHING_SELECTED
    return ExitCode.DONE if any(answer.source for answer in answers) else ExitCode.TROUBLE


def _asked(text: str, records: Records) -> list[TagReference]:
    """The tags that are meant: one reference, or a tag in every repository of the project."""
    if any(mark in text for mark in "/:@"):
        reference = parse_reference(text)
        if not isinstance(reference, TagReference):
            raise UsageError(
                "a digest stands under no tag by itself",
                where="the command line",
                hint="name the tag, and the digest by `--digest`",
            )
        return [reference]
    if records.project is None:
        raise UsageError(
            "a tag alone is asked for in the repositories of a project, and there is none here",
            where="the command line",
            hint=f"write the whole reference, as `ghcr.io/team/app:{shorten(text)}`",
        )
    repositories = dict.fromkeys(
        each for image in records.project.images.values() for each in image.repositories
    )
    return [repository.tag(text) for repository in repositories]
