"""Git tags of one image among several of a project: `version-tag = "server/v*"`."""

from polyarch.metadata.glob import compile_glob, literal_front


def is_version_tag(glob: str | None, tag: str | None) -> bool:
    """Whether a git tag is one of those that speak of this image alone."""
    return glob is not None and tag is not None and bool(compile_glob(glob).fullmatch(tag))


def version_prefix(glob: str) -> str:
    """What stands in such tags before the version: `server/` of `server/v*`.

    A `v` is part of the version, as everywhere.
    """
    front = literal_front(glob)
    return front[:-1] if front.endswith(("v", "V")) else front


def sample_of(glob: str) -> str:
    """A tag that fits, as people write the next one; good enough to ask rules about."""
    return f"{literal_front(glob)}1.2.3"
