"""JSON documents as they are printed, and errors as they stand in them."""

import codecs
import json
import sys
from typing import TextIO

from polyarch.cli.exit_codes import ExitCode, exit_code
from polyarch.errors import PolyarchError
from polyarch.oci.fields import JsonObject

ERROR_SCHEMA = "polyarch.error/v1"


def error_document(error: PolyarchError, code: ExitCode) -> JsonObject:
    """The document `polyarch.error/v1`, for a verb that has no results."""
    return {"schema": ERROR_SCHEMA, **error_object(error, code)}


def error_object(error: PolyarchError, code: ExitCode | None = None) -> JsonObject:
    """An error as it stands in any document."""
    return {
        "code": error.code,
        "message": error.message,
        "where": error.where,
        "hint": error.hint,
        "exit_code": int(exit_code(error) if code is None else code),
        "retryable": error.retryable,
    }


def print_document(document: JsonObject) -> None:
    """Print a document to stdout; JSON is UTF-8 (RFC 8259), in other encodings ASCII alone."""
    text = json.dumps(document, indent=2, ensure_ascii=not _is_utf8(sys.stdout))
    try:
        text.encode()
    except UnicodeEncodeError:  # half a character, in a file's name
        text = json.dumps(document, indent=2)
    print(text, flush=True)


def _is_utf8(stream: TextIO) -> bool:
    return codecs.lookup(stream.encoding or "utf-8").name == "utf-8"
