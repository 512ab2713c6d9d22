"""A password that others say back: what builds print, and what registries put into their errors."""

import base64
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from polyarch.sandbox.auth import Account, Auth, BasicAuth, OpenAuth
from polyarch.sandbox.bearer import BearerAuth
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.target import Kind
from tests.support.canary import (
    ACCOUNT,
    FORMS,
    LOGIN,
    PASSWORD,
    USERNAME,
    VARIABLES,
    Echo,
    ProcessList,
    find_canary,
    guard,
    spied,
)
from tests.support.jobs import Jobs
from tests.support.tiny_project import Said, TinyProject, github

Registries = tuple[SandboxRegistry, ...]
NAMED = 'password-env = "CANARY_PASSWORD"'


def in_variables(_project: TinyProject, _hosts: Sequence[str]) -> dict[str, str]:
    return VARIABLES


def in_default_variables(project: TinyProject, hosts: Sequence[str]) -> dict[str, str]:
    unname(project)
    names = [f"POLYARCH_{host.replace('.', '_').replace(':', '_')}" for host in hosts]
    pairs = (("USERNAME", USERNAME), ("PASSWORD", PASSWORD))
    return {f"{name}_{key}": value for name in names for key, value in pairs}


def in_a_file(project: TinyProject, _hosts: Sequence[str]) -> dict[str, str]:
    return named_by(project, f'password-file = "{secret_file(project)}"')


def from_a_command(project: TinyProject, _hosts: Sequence[str]) -> dict[str, str]:
    return named_by(project, f'password-command = ["cat", "{secret_file(project)}"]')


def in_dockers_config(project: TinyProject, hosts: Sequence[str]) -> dict[str, str]:
    unname(project)
    return docker_folder(project, docker_config(*hosts))


def in_dockers_variable(project: TinyProject, hosts: Sequence[str]) -> dict[str, str]:
    unname(project)
    return {"DOCKER_AUTH_CONFIG": docker_config(*hosts)}


def from_a_helper(project: TinyProject, _hosts: Sequence[str]) -> dict[str, str]:
    unname(project)
    helper = Path(project.environment["PATH"]) / "docker-credential-canary"
    said = json.dumps({"Username": USERNAME, "Secret": PASSWORD})
    helper.write_text(f"#!/bin/sh\ncat > /dev/null\ncat <<'END'\n{said}\nEND\n")
    helper.chmod(0o755)
    return docker_folder(project, '{"credsStore": "canary"}')


def docker_config(*hosts: str) -> str:
    auth = base64.b64encode(LOGIN.encode()).decode()
    return json.dumps({"auths": {host: {"auth": auth} for host in hosts}})


def docker_folder(project: TinyProject, config: str) -> dict[str, str]:
    folder = project.root.parent / "docker"
    folder.mkdir()
    (folder / "config.json").write_text(config)
    return {"DOCKER_CONFIG": str(folder)}


def secret_file(project: TinyProject) -> Path:
    file = project.root.parent / "password"
    file.write_text(f"{PASSWORD}\n")
    return file


def named_by(project: TinyProject, key: str) -> dict[str, str]:
    text = (project.root / "polyarch.toml").read_text()
    project.toml(text.replace('password-env = "CANARY_PASSWORD"', key))
    return {"CANARY_USER": USERNAME}


def unname(project: TinyProject) -> None:
    project.toml((project.root / "polyarch.toml").read_text().partition("[registries.")[0])


Keep = Callable[[TinyProject, Sequence[str]], dict[str, str]]
BY_PROGRAMS: list[Keep] = [from_a_command, from_a_helper]
KEPT: list[Keep] = [
    in_variables,
    in_default_variables,
    in_a_file,
    in_dockers_config,
    in_dockers_variable,
    *BY_PROGRAMS,
]
"""Where the password lies: each puts it there, and gives what is to be set."""
EVERYWHERE = pytest.mark.parametrize("keep", KEPT, ids=lambda keep: keep.__name__)


def hosts_of(registries: Registries) -> list[str]:
    return [registry.host for registry in registries]


PRINTS = 'export -p\ncat ../forms\nexport -p > "$1"\n'


def event(project: TinyProject) -> dict[str, str]:
    return github("push", "refs/heads/main", project.git("rev-parse", "HEAD"))


@pytest.fixture
def printing(published: TinyProject, registries: Registries) -> TinyProject:
    """A project whose build prints the password in all its forms."""
    (published.root.parent / "forms").write_text("\n".join(("these:", *FORMS, "were those")))
    return guard(published, registries, BasicAuth, make=PRINTS)


@EVERYWHERE
def test_what_a_build_prints(printing: TinyProject, registries: Registries, keep: Keep) -> None:
    more = keep(printing, hosts_of(registries))
    printing.commit()
    for words in (["publish", "--json"], ["build", "--force", "--stage"]):
        said = printing.run(*words, more={**event(printing), **more})
        assert said.code == 0, said
        log = (printing.runs[-1] / "logs" / "build-app-linux-s390x.log").read_text()
        assert "these:\n***\n" in log
        assert "were those" in log
        assert find_canary(printing, said) == []


@EVERYWHERE
def test_what_a_build_that_fails_prints(
    printing: TinyProject, registries: Registries, keep: Keep
) -> None:
    more = keep(printing, hosts_of(registries))
    printing.write({"make.sh": f"{PRINTS}cat ../forms >&2\nexit 7\n"})
    printing.commit()
    # No login is asked for before `build` alone, and no program is started to learn one.
    alone = [] if keep in BY_PROGRAMS else [["build"], ["build", "--json"]]
    for words in (*alone, ["publish"], ["publish", "--json"]):
        said = printing.run(*words, more={**event(printing), **more})
        assert said.code == 1, said
        assert "were those" in said.stderr
        assert find_canary(printing, said) == []


def test_what_gates_print(printing: TinyProject) -> None:
    gate = '[images.app]\ngates = [["sh", "../gate.sh"]]\n'
    printing.toml(f"+{gate}")
    printing.commit()
    for end, code in (("exit 0", 0), ("exit 3", 1)):
        (printing.root.parent / "gate.sh").write_text(f"export -p\ncat ../forms\n{end}\n")
        said = printing.run("publish", "--json", more={**event(printing), **VARIABLES})
        assert said.code == code, said
        assert find_canary(printing, said) == []


# --- registries -----------------------------------------------------------------------------------

PLACES = (Kind.UPLOADS, Kind.BLOB, Kind.TAGS, Kind.MANIFEST)
SAID_BACK = [
    pytest.param(BasicAuth, Echo(401), id="basic-401"),
    pytest.param(BearerAuth, Echo(400), id="bearer-400"),
    pytest.param(BearerAuth, Echo(200, Kind.TOKEN), id="token-200"),
    pytest.param(BasicAuth, Echo(307, *PLACES), id="basic-307"),
    *(
        pytest.param(auth, echo, id=f"{name}-{echo}", marks=pytest.mark.long)
        for auth, name in ((BasicAuth, "basic"), (BearerAuth, "bearer"))
        for echo in (
            *(Echo(status) for status in (400, 401, 403, 404, 405, 409)),
            Echo(307, *PLACES),
            Echo(202, Kind.UPLOADS),
            Echo(200, Kind.MANIFEST, Kind.TAGS, Kind.REFERRERS),
        )
    ),
    *(
        pytest.param(BearerAuth, Echo(status, Kind.TOKEN), marks=pytest.mark.long)
        for status in (307, 400, 401, 403, 404)
    ),
]


@pytest.fixture
def staged(published: TinyProject, registries: Registries, tmp_path: Path) -> Jobs:
    """A project whose images are published, and whose next ones two other jobs have staged."""
    project = guard(published, registries, lambda _: OpenAuth())
    jobs = Jobs(project=project, folder=tmp_path / "jobs")
    for name, platform in (("one", "linux/ppc64le"), ("two", "linux/s390x")):
        assert jobs.stage(name, platform, **VARIABLES).code == 0
    assert project.run("publish", more={**jobs.event, **VARIABLES}).code == 0
    return jobs


@pytest.mark.parametrize(("auth", "echo"), SAID_BACK)
def test_what_registries_say_back(
    staged: Jobs, registries: Registries, auth: Callable[[Account], Auth], echo: Echo
) -> None:
    project, image = staged.project, f"{registries[0].host}/team/app:main"
    for registry in registries:
        registry.auth, registry.quirks = auth(ACCOUNT), Quirks(on_request=echo)
    for words in (
        ["publish", "--parts", str(staged.artifacts)],
        ["publish", "--json", "--force"],
        ["publish", "--clean"],
        ["build", "--force", "--stage", "--json"],
        ["copy", image, f"{registries[1].host}/team/other:main"],
        ["doctor", "--json"],
        ["plan"],
        ["inspect", image],
        ["verify", image, "--json"],
    ):
        said = project.run(*words, more={**staged.event, **VARIABLES})
        assert said.code != 70, said
        assert find_canary(project, said, *echo.sent) == [], (words, said)
    assert echo.sent


# --- what the machine shows -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "keep",
    [
        in_variables,
        from_a_helper,
        *(pytest.param(keep, marks=pytest.mark.long) for keep in KEPT[1:-1]),
    ],
)
def test_the_list_of_processes(published: TinyProject, registries: Registries, keep: Keep) -> None:
    project = guard(published, registries, BearerAuth)
    more = keep(project, hosts_of(registries))
    project.commit()
    told = spied(project)
    with (
        project.start("publish", "--json", more={**event(project), **more}) as process,
        ProcessList(process.pid) as listed,
    ):
        stdout, stderr = process.communicate(timeout=120)
    said = Said(code=process.returncode, stdout=stdout, stderr=stderr)
    assert said.code == 0, said
    assert find_canary(project, said) == []
    started = told.read_text()
    assert "make.sh" in started
    assert any(b"publish" in seen for seen in listed.seen)
    seen = b"\n".join(listed.seen) + started.encode()
    assert [form for form in FORMS if form.encode() in seen] == []
