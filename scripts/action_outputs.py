"""Write the outputs of the GitHub Action from what a verb printed: `tags`, `digest`, `json`.

Takes the file with the document and the one that GitHub reads outputs from.
"""

import json
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_MOST = 500_000
"""Characters of the document; GitHub takes 1 MiB of outputs of a job, in UTF-16."""


def outputs(document: Any) -> dict[str, str]:
    """What the action hands on; nothing where the verb had no results."""
    if not isinstance(document, dict):
        return {}
    text = json.dumps(document, separators=(",", ":"))
    return {
        "tags": "\n".join(dict.fromkeys(_tags(document))),
        "digest": next(_digests(document), ""),
        "json": text if len(text) <= _MOST else "",
    }


def _tags(document: dict[str, Any]) -> Iterator[str]:
    """Of `publish` and its like those that stand; of `metadata` all."""
    if all(isinstance(each, str) for each in document.get("tags") or ()):
        yield from document.get("tags") or ()
    for image in document.get("images") or ():
        for place in image.get("destinations") or ():
            for tag in place.get("references") or ():
                if tag.get("digest") and tag.get("status") not in {"failed", "refused"}:
                    yield f"{place['repository']}:{tag['tag']}"


def _digests(document: dict[str, Any]) -> Iterator[str]:
    for each in (*(document.get("images") or ()), *(document.get("parts") or ())):
        if isinstance(each.get("digest"), str):
            yield each["digest"]


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def main(result: str, target: str) -> None:
    """Append to the file of outputs; nobody can know the word that ends a value."""
    with Path(target).open("a", encoding="utf-8") as file:
        for name, value in outputs(_read(Path(result))).items():
            end = secrets.token_hex(16)
            file.write(f"{name}<<{end}\n{value}\n{end}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
