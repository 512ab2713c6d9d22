import base64
import json
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from polyarch.engines.base import BuildRequest, RegistryLogin
from polyarch.engines.logins import containers_logins, docker_logins
from polyarch.oci.platform import Platform

SECRET = "canary-5ecret"
LOGIN = RegistryLogin(host="registry.example.com", username="me", secret=SECRET)
AUTH = {"auth": base64.b64encode(f"me:{SECRET}".encode()).decode()}


def user_config(home: Path, value: Mapping[str, Any]) -> Path:
    path = home / ".docker" / "config.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(value))
    return path


def test_dockers_config_keeps_all_and_gets_the_logins(tmp_path: Path) -> None:
    own = user_config(
        tmp_path,
        {
            "auths": {"https://registry.example.com/v1/": {"auth": "old"}, "other": {"auth": "x"}},
            "credsStore": "desktop",
            "credHelpers": {"other": "pass"},
            "currentContext": "remote",
        },
    )
    before = own.read_bytes()
    (own.parent / "contexts").mkdir()
    with docker_logins([LOGIN], {"HOME": str(tmp_path)}) as changes:
        folder = Path(changes["DOCKER_CONFIG"])
        value = json.loads((folder / "config.json").read_text())
        assert (folder / "contexts").resolve() == own.parent / "contexts"
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert stat.S_IMODE((folder / "config.json").stat().st_mode) == 0o600
    assert value == {
        "auths": {"other": {"auth": "x"}, "registry.example.com": AUTH},
        "credsStore": "desktop",
        # Docker asks no helper where this is empty.
        "credHelpers": {"other": "pass", "registry.example.com": ""},
        "currentContext": "remote",
    }
    assert not folder.exists()
    assert own.read_bytes() == before


def test_docker_hub_has_a_name_of_its_own_in_each_file(tmp_path: Path) -> None:
    login = RegistryLogin(host="docker.io", username="me", secret=SECRET)
    environment = {"HOME": str(tmp_path)}
    with docker_logins([login], environment) as changes:
        text = (Path(changes["DOCKER_CONFIG"]) / "config.json").read_text()
    assert json.loads(text)["auths"] == {"https://index.docker.io/v1/": AUTH}
    with containers_logins([login], environment) as changes:
        text = Path(changes["REGISTRY_AUTH_FILE"]).read_text()
    assert json.loads(text)["auths"] == {"docker.io": AUTH}


def test_buildah_gets_one_file_of_all_that_it_would_read(tmp_path: Path) -> None:
    user_config(tmp_path, {"auths": {"a": {"auth": "docker"}, "b": {"auth": "docker"}}})
    session = tmp_path / "run" / "containers"
    session.mkdir(parents=True)
    deeper = {"a": {"auth": "session"}, "registry.example.com/team": {"auth": "old"}}
    (session / "auth.json").write_text(json.dumps({"auths": deeper}))
    environment = {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(session.parent)}
    with containers_logins([LOGIN], environment) as changes:
        path = Path(changes["REGISTRY_AUTH_FILE"])
        value = json.loads(path.read_text())
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert value["auths"] == {
        "a": {"auth": "session"},
        "b": {"auth": "docker"},
        "registry.example.com": AUTH,
    }
    assert not path.parent.exists()


def test_nothing_is_written_without_logins(tmp_path: Path) -> None:
    with docker_logins([], {"HOME": str(tmp_path)}) as docker:
        assert docker == {}
    with containers_logins([], {"HOME": str(tmp_path)}) as containers:
        assert containers == {}


def test_broken_files_of_the_user_are_passed_over(tmp_path: Path) -> None:
    for text in ("{", "[]", '{"auths": 3}'):
        user_config(tmp_path, {}).write_text(text)
        with docker_logins([LOGIN], {"HOME": str(tmp_path)}) as changes:
            value = json.loads((Path(changes["DOCKER_CONFIG"]) / "config.json").read_text())
        assert value["auths"] == {"registry.example.com": AUTH}


def test_no_repr_shows_a_secret() -> None:
    request = BuildRequest(
        image="app",
        platform=Platform.parse("linux/amd64"),
        project=Path(),
        context=Path(),
        dockerfile=None,
        logins=(LOGIN,),
    )
    assert SECRET not in repr(request)
