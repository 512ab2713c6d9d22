"""The smallest project that publishes: files laid into empty images, no engine, no compiler."""

from pathlib import Path

from tests.support.git_project import GitProject
from tests.support.published import Destinations

PLATFORMS = ("linux/amd64", "linux/arm64")

CONFIG = """\
[images.app]
engine = "direct"
platforms = ["linux/amd64", "linux/arm64"]
repositories = {repositories}
tags = ["type=ref,event=branch", "type=semver,pattern={{{{version}}}}"]
[images.app.direct]
base = "scratch"
files = [{{ from = "app.txt", to = "/app.txt" }}]
{more}
"""


def laid_project(folder: Path, destinations: Destinations, *, more: str = "") -> GitProject:
    """Make it; `more` is added to polyarch.toml, behind the tables of the logins."""
    config = CONFIG.format(
        repositories=destinations.repositories("team/app"), more=destinations.toml() + more
    )
    return GitProject.make(folder, {"polyarch.toml": config, "app.txt": "the first\n"})
