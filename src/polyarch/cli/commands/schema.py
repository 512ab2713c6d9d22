"""`polyarch schema`: the JSON Schema of polyarch.toml."""

import click

from polyarch.cli.verb import Verb
from polyarch.config.jsonschema import json_schema_text


@click.command("schema", cls=Verb)
@click.option("--json", is_flag=True, help="The schema is JSON already; taken for uniformity.")
def command(**_: bool) -> None:
    r"""Print the JSON Schema of polyarch.toml, for editors.

    \b
      polyarch schema > polyarch.schema.json
    """
    print(json_schema_text(), end="")
