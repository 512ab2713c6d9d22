"""`python -m polyarch` and the `polyarch` command."""

import gc
import sys

from polyarch._version import __version__

_OBJECTS = 50_000
"""Made between two searches for garbage: at the usual 700 these take a tenth of a short run."""


def main() -> int:
    """Run the command line; the version is told before anything heavy is imported."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        sys.stdout.write(f"polyarch {__version__}\n")
        return 0
    gc.set_threshold(_OBJECTS, 20, 100)
    from polyarch.cli.main import run

    try:
        return run(sys.argv[1:])
    finally:
        # The last search for garbage, as the interpreter ends, finds nothing that anybody needs,
        # takes 50 ms, and has ended processes in the C part of msgspec (its issue 717).
        gc.freeze()


if __name__ == "__main__":
    sys.exit(main())
