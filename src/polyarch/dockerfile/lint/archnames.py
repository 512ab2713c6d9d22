"""Variables that hold an architecture by their names."""

import re

from polyarch.dockerfile.lint.names import AUTOMATIC

_ARCHITECTURE = re.compile(
    r"(?:^|_)(?:ALPINE|BASE|BUILD|CPU|DEB|DOCKER|DPKG|GO|HOST|IMAGE|MACHINE|NODE|OS|PKG|QEMU|RPM|S6"
    r"|SYS|TARGET)?ARCH(?:ITECTURE)?(?:_(?:SUFFIX|NAME|TYPE|NATIVE|SHORT|ALT|LONG|STRING|TAG))?$",
    re.IGNORECASE,
)
_PLATFORM = re.compile(r"(?:^|_)(?:BUILD|TARGET)?PLATFORM$", re.IGNORECASE)
_OF_GRAPHICS = re.compile(r"CUDA|GPU|ROCM|HIP|NVCC|TORCH|GFX|SYCL", re.IGNORECASE)
"""`CUDA_ARCH` and its like are generations of graphics cards."""


def means_architecture(name: str) -> bool:
    """Whether a name says that an architecture is in it (`ARCH`, `S6_ARCH`, `GOARCH`).

    Those that BuildKit sets itself are none of the author's.
    """
    if name in AUTOMATIC or _OF_GRAPHICS.search(name):
        return False
    return _ARCHITECTURE.search(name) is not None


def means_platform(name: str) -> bool:
    """Whether a name may hold a platform or something else (`PLATFORM`): the value has to tell."""
    return name not in AUTOMATIC and _PLATFORM.search(name) is not None
