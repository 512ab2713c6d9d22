"""`python -m polyarch` and the `polyarch` command."""

import sys

from polyarch._version import __version__


def main() -> int:
    """Run the command line; the version is told before anything heavy is imported."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        sys.stdout.write(f"polyarch {__version__}\n")
        return 0
    from polyarch.cli.main import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
