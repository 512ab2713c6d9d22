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


class ListTagTakenError(PublishError):
    """The tag that a prune keeps its list under shows something else."""

    code = "list-tag-taken"

    def __init__(self, reference: str) -> None:
        super().__init__(
            "the tag `polyarch-prune` shows something else than the list that a prune keeps there",
            where=reference,
            hint="if an image is to stay, give it another name with `polyarch copy`;"
            " then take this tag away by hand",
        )
