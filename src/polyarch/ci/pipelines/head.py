"""The first lines of a generated file: what made it, from what, and how to make it again."""

from polyarch.ci.pipelines.shape import Pipeline
from polyarch.ci.pipelines.yaml_text import comment

MADE_BY = "# Made from "
AGAIN = "# Make it again with: "


def head(pipeline: Pipeline) -> str:
    """Comment lines; nothing in them can end a line."""
    file = pipeline.file if pipeline.folder == "." else f"{pipeline.folder}/{pipeline.file}"
    lines = (
        f"{MADE_BY}{file} by polyarch. What is changed here is lost: change that file.",
        f"{AGAIN}{pipeline.command}",
        f"# It is stale where this fails: {pipeline.command} --check",
    )
    return "".join(f"{comment(line)}\n" for line in lines) + "\n"


def command_in(text: str) -> str | None:
    """The command that made a file; None where it was made by something else."""
    for line in text.splitlines()[:6]:
        if line.startswith(AGAIN):
            return line.removeprefix(AGAIN).strip()
    return None
