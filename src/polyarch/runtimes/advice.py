"""What to do about programs that cannot start, whether it is known before or seen then."""

from polyarch.runtimes.outcome import Reason

LOADER_HINT = (
    "a program that is linked with glibc needs an image with glibc, one with musl an image with "
    "musl: build it on the base that it runs on, or link it statically"
)
ARCHITECTURE_HINT = (
    "it was built or copied for another platform: look for a fixed architecture in downloads and "
    "in `COPY --from`, for a missing GOARCH or TARGETARCH"
)
PERMISSION_HINT = "`chmod +x` it in the Dockerfile, and let the image's user read its folders"
COMMAND_HINT = "compare the command with what the image holds, and with its PATH"

HINTS = {
    Reason.WRONG_ARCHITECTURE: ARCHITECTURE_HINT,
    Reason.EXEC_FORMAT: ARCHITECTURE_HINT,
    Reason.MISSING_LOADER: LOADER_HINT,
    Reason.PERMISSION_DENIED: PERMISSION_HINT,
    Reason.COMMAND_NOT_FOUND: COMMAND_HINT,
}
"""What to do about reasons that are known before a program is started."""
