"""What is kept of the files that tell a loader where libraries are."""

MAX_LISTING = 1024 * 1024
CACHE = "etc/ld.so.cache"

_MAX_CONFIGURED = 64 * 1024


def listing(path: str, data: bytes) -> str:
    """The text of a configuration; of ldconfig's cache the folders in it, one in a line.

    The cache ends with a table of paths that each end with a zero byte (glibc's dl-cache.h).
    """
    if path != CACHE:
        return data[:_MAX_CONFIGURED].decode("utf-8", "surrogateescape")
    paths = (each for each in data.split(b"\0") if each.startswith(b"/"))
    folders = dict.fromkeys(each.rpartition(b"/")[0] for each in paths)
    return "\n".join(each.decode("utf-8", "surrogateescape") for each in folders if each)
