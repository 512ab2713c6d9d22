"""Why each tag rule gave what it gave, as a table; imported only where it is drawn."""

from rich.console import RenderableType
from rich.text import Text

from polyarch.cli.console import table
from polyarch.errors import shorten
from polyarch.metadata.version import Version


def explanation_view(version: Version) -> RenderableType:
    """What each rule gave, in the order in which they count, and why."""
    made = table("rule", "tag", "why")
    for each in version.explanations:
        tag = Text(each.tag, style="green") if each.tag else Text("nothing", style="dim")
        made.add_row(Text(shorten(each.rule, 300)), tag, Text(each.reason))
    return made
