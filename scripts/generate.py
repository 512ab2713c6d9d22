"""Write the files that are made from the code, or with --check say which of them are stale."""

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from polyarch.config.jsonschema import json_schema_text
from polyarch.config.reference import reference_page
from scripts.command_page import command_page
from scripts.lint_page import lint_page
from scripts.registry_page import registry_page

ROOT = Path(__file__).resolve().parents[1]

GENERATED: Mapping[str, Callable[[], str]] = {
    "docs/polyarch.schema.json": json_schema_text,
    "docs/reference/config.md": reference_page,
    "docs/reference/commands.md": command_page,
    "docs/reference/registries.md": registry_page,
    "docs/reference/lint-rules.md": lint_page,
}
"""Path from the project's root, and what makes its content."""


def stale_files() -> list[str]:
    """The generated files that differ from what the code says now."""
    return [
        name
        for name, make in GENERATED.items()
        if not (ROOT / name).is_file() or (ROOT / name).read_text(encoding="utf-8") != make()
    ]


def main() -> int:
    """Write what is stale; with --check only name it and end with 1."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    check = parser.parse_args().check
    stale = stale_files()
    for name in stale:
        print(name)
        if not check:
            (ROOT / name).parent.mkdir(parents=True, exist_ok=True)
            (ROOT / name).write_text(GENERATED[name](), encoding="utf-8")
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main())
