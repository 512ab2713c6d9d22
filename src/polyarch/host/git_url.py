"""Git repositories as build contexts, in BuildKit's form: `https://host/o/r.git#ref:folder`. Pure.

Source: docs.docker.com, "Build context", Git repositories; moby/buildkit util/gitutil.
"""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import urlsplit

_WEB = ("http", "https")
_OTHER = ("git", "ssh")
_SCP = re.compile(r"[A-Za-z0-9_.-]+@[A-Za-z0-9.-]+:(?!//)\S+")
_REF = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./@+=-]*")
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_END = ".git"


@dataclass(frozen=True, slots=True, kw_only=True)
class GitAddress:
    """`ref` is a branch, a tag, a full commit or empty for HEAD; `folder` lies in its files."""

    url: str
    ref: str = ""
    folder: str = ""

    @property
    def is_pinned(self) -> bool:
        """Whether it always means the same commit."""
        return bool(_COMMIT.fullmatch(self.ref))


def is_git(text: str) -> bool:
    """Whether a text is meant as a repository, and not as a folder or an image."""
    scheme, separator, _ = text.partition("://")
    if separator:
        return scheme in {*_WEB, *_OTHER, "file"}
    return bool(_SCP.fullmatch(text.partition("#")[0]))


def parse_git(text: str) -> GitAddress:
    """Read an address of a repository.

    Raises:
        ValueError: it is none; the text says why and repeats nothing of the address.
    """
    url, _, fragment = text.partition("#")
    ref, _, folder = fragment.partition(":")
    _check_url(url)
    if ref and (not _REF.fullmatch(ref) or ".." in ref):
        raise ValueError("behind `#` stands a branch, a tag or a full commit")
    if ".." in PurePosixPath(folder).parts or "\\" in folder or not folder.isprintable():
        raise ValueError("behind `:` stands a folder of the repository")
    return GitAddress(url=url, ref=ref, folder=folder.strip("/"))


def _check_url(url: str) -> None:
    if not url.isprintable() or any(map(str.isspace, url)):
        raise ValueError("an address has neither spaces nor control characters")
    if "://" not in url:
        if not _SCP.fullmatch(url):
            raise ValueError("an address is written `https://host/repository.git`")
        return
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise ValueError("this is no URL") from error
    if parts.scheme not in {*_WEB, *_OTHER}:
        raise ValueError("a repository is reached by https, http, ssh or git")
    if parts.password or (parts.username and parts.scheme in _WEB):
        raise ValueError(
            "a login never stands in this file: git finds it by its credential helpers"
        )
    if parts.scheme in _WEB and not parts.path.endswith(_END):
        raise ValueError("the URL of a repository ends with `.git`, before `#ref:folder`")
    if not parts.hostname or parts.query:
        raise ValueError("an address is written `https://host/repository.git`")
