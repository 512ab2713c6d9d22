"""Options that BuildKit reads as one row of CSV, such as `type=local,dest=/cache`."""

import csv
from collections.abc import Mapping

_SPECIAL = ',"\r\n'


def row(fields: Mapping[str, str]) -> str:
    """The keys with their values, in the order given."""
    return ",".join(_quoted(f"{key}={value}") for key, value in fields.items())


def attributes(text: str) -> dict[str, str]:
    """The values of a row by their keys; what is no pair is a key with an empty value."""
    pairs = (field.partition("=") for fields in csv.reader([text]) for field in fields)
    return {key: value for key, _, value in pairs}


def _quoted(field: str) -> str:
    if not any(sign in field for sign in _SPECIAL):
        return field
    return '"' + field.replace('"', '""') + '"'
