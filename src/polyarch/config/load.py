"""Read polyarch.toml and answer a `Project`, or every problem of the file at once."""

from collections.abc import Sequence
from pathlib import Path

from polyarch.config.check import Checker
from polyarch.config.document import FILE_NAME, Document
from polyarch.config.problem import in_file_order
from polyarch.config.project import PRODUCTION, Project
from polyarch.config.relations import relation_problems, table_at
from polyarch.config.resolve import Override, Resolver
from polyarch.config.schema import ImageTable, ProjectTable, PublishTable
from polyarch.errors import InvalidConfigError, InvalidOverrideError, NothingSelectedError


def load_project(
    file: Path, *, environment: str | None = None, overrides: Sequence[Override] = ()
) -> Project:
    """Read a file; `document.find_config` finds it.

    Raises:
        ConfigUnreadableError: the file is not there or cannot be read.
        InvalidConfigError: the file has problems: all of them, in the file's order.
        InvalidOverrideError: a flag sets something that cannot be.
        NothingSelectedError: the file has no such environment.
    """
    return project_of(Document.read(file), environment=environment, overrides=overrides)


def load_text(
    text: str,
    file: Path = Path(FILE_NAME),
    *,
    environment: str | None = None,
    overrides: Sequence[Override] = (),
) -> Project:
    """As `load_project`, for text that stands in no file yet.

    Raises:
        InvalidConfigError, InvalidOverrideError, NothingSelectedError: as `load_project`.
    """
    document = Document.parse(text, file)
    return project_of(document, environment=environment, overrides=overrides)


def project_of(
    document: Document, *, environment: str | None = None, overrides: Sequence[Override] = ()
) -> Project:
    """Check and resolve a document.

    Raises:
        InvalidConfigError, InvalidOverrideError, NothingSelectedError: as `load_project`.
    """
    checker = Checker()
    clean = checker.table(document.data, ProjectTable, ())
    checker.problems.extend(relation_problems(clean, document.data))
    _refuse(document, checker)
    _check_overrides(overrides)
    environment = _chosen(environment, tuple(table_at(clean, "environments")))
    resolver = Resolver(
        document=document,
        clean=clean,
        environment=environment,
        overrides=overrides,
        problems=checker.problems,
    )
    project = resolver.project()
    _refuse(document, checker)
    return project


def _chosen(environment: str | None, known: Sequence[str]) -> str | None:
    """The table that is meant; `production` is what stands outside all, unless one has that name.

    Raises:
        NothingSelectedError: there is no such environment.
    """
    if environment is None or environment in known:
        return environment
    if environment == PRODUCTION:
        return None
    raise NothingSelectedError(environment, (*known, PRODUCTION), kind="environment")


def _refuse(document: Document, checker: Checker) -> None:
    problems = in_file_order(checker.problems, document.lines)
    if problems:
        told = tuple(problem.told(document.lines) for problem in problems)
        raise InvalidConfigError(str(document.file), told)


def _check_overrides(overrides: Sequence[Override]) -> None:
    for override in overrides:
        checker = Checker()
        checker.table(override.image, ImageTable, ())
        checker.table(override.publish, PublishTable, ())
        if checker.problems:
            told = tuple(problem.told({}) for problem in checker.problems)
            raise InvalidOverrideError(override.flag, told)
