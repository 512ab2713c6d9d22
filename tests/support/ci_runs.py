"""A CI's API on loopback that knows of runs: GitHub's and GitLab's form of it."""

from collections.abc import Mapping

from tests.support.receivers import Received, Receivers, Reply, says

OWN = 42


class Runs:
    """`known` are ids with how they ended, `attempts` how earlier attempts of our own did."""

    def __init__(self, received: Receivers) -> None:
        self.received = received
        self.url = received.url
        self.token = "t0k3n"
        self.known: dict[int, str] = {}
        self.attempts: dict[int, str] = {}
        self.asked: list[Received] = []
        received.at("/repos/team/project/actions", self.github)
        received.at("/projects/7/pipelines", self.gitlab)

    def github(self, received: Received) -> Reply:
        self.asked.append(received)
        if received.headers.get("Authorization") != f"Bearer {self.token}":
            return says({"message": "Bad credentials"}, 401)
        name = received.path.rpartition("/")[2]
        if "/attempts/" in received.path:
            return says({"conclusion": self.attempts.get(int(name))})
        rows = [{"id": each, "conclusion": end or None} for each, end in self.known.items()]
        return says({"total_count": len(rows), "workflow_runs": rows})

    def gitlab(self, received: Received) -> Reply:
        self.asked.append(received)
        if received.headers.get("Private-Token") != self.token:
            return says({"message": "401 Unauthorized"}, 401)
        return says([{"id": each, "status": end} for each, end in self.known.items()])

    @property
    def on_github(self) -> Mapping[str, str]:
        """The variables of a job there."""
        return {
            "GITHUB_API_URL": self.url,
            "GITHUB_TOKEN": self.token,
            "GITHUB_RUN_ATTEMPT": "1",
            "GITHUB_WORKFLOW_REF": "team/project/.github/workflows/polyarch.yml@refs/heads/main",
        }
