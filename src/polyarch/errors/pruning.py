"""Errors of removing from registries what may go."""

from polyarch.errors.publishing import PublishError


class RepositoryUnclearError(PublishError):
    """Something of a repository cannot be read, so nobody knows what its tags need."""

    code = "repository-unclear"

    def __init__(self, repository: str, reason: str) -> None:
        super().__init__(
            f"nothing may go while not all can be read: {reason}",
            where=repository,
            hint="publish that tag again or delete it by hand; `polyarch watch` shows what is lost",
        )
