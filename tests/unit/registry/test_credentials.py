"""Where logins are found. Helpers and commands are real programs."""

import base64
import json
import textwrap
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from polyarch.errors import CredentialUnreadableError, MissingVariableError
from polyarch.events import Event, Note, Warned
from polyarch.oci.reference import Repository
from polyarch.registry.configured import ConfiguredLogin
from polyarch.registry.credential import Credential
from polyarch.registry.credentials import CredentialStore

HUB = Repository.parse("team/app")
GHCR = Repository.parse("ghcr.io/team/app")
CANARY = "canary-5ecret"


def auth(username: str, secret: str) -> str:
    return base64.b64encode(f"{username}:{secret}".encode()).decode()


def login_file(path: Path, **auths: str) -> Path:
    """Keys are hosts with `.` and `/` written `__` and `___`; values are users, secrets follow."""
    entries = {
        key.replace("___", "/").replace("__", "."): {"auth": auth(user, f"secret-of-{user}")}
        for key, user in auths.items()
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"auths": entries}))
    return path


class Place:
    """A home folder, a PATH for programs, an environment."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.bin = folder / "bin"
        self.bin.mkdir(parents=True)
        self.home.mkdir()
        self.environment = {"PATH": f"{self.bin}:/usr/bin:/bin", "HOME": str(self.home)}
        self.events: list[Event] = []

    def program(self, name: str, script: str) -> Path:
        path = self.bin / name
        path.write_text("#!/bin/sh\n" + textwrap.dedent(script))
        path.chmod(0o755)
        return path

    def helper(self, name: str, answer: str, *, status: int = 0) -> Path:
        """A helper that keeps a record of what it was asked."""
        record = self.folder / f"asked-of-{name}"
        script = (
            f"read host; echo \"$1 $host\" >> {record}; cat <<'END'\n{answer}\nEND\nexit {status}"
        )
        self.program(f"docker-credential-{name}", script)
        return record

    def config(self, **fields: object) -> Path:
        path = self.home / ".docker" / "config.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(fields))
        return path

    def store(self, *logins: ConfiguredLogin, **options: Any) -> CredentialStore:
        return CredentialStore(
            environment=self.environment,
            home=self.home,
            folder=self.folder,
            logins=logins,
            listen=self.events.append,
            **options,
        )

    def find(
        self, repository: Repository = GHCR, *logins: ConfiguredLogin, **options
    ) -> Credential:
        return self.store(*logins, **options).lookup(repository)

    @property
    def texts(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Note | Warned)]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


# --- the order ---------------------------------------------------------------------------------


def all_sources(place: Place) -> list[tuple[str, Callable[[], object]]]:
    """Every source in order, each with what takes it away."""
    environment = place.environment
    environment["POLYARCH_GHCR_IO_USERNAME"] = "variable"
    environment["POLYARCH_GHCR_IO_PASSWORD"] = "x"
    chosen = login_file(place.folder / "chosen.json", ghcr__io="chosen")
    environment["REGISTRY_AUTH_FILE"] = str(chosen)
    inline = {"auths": {"ghcr.io": {"auth": auth("inline", "x")}}}
    environment["DOCKER_AUTH_CONFIG"] = json.dumps(inline)
    docker = login_file(place.folder / "docker" / "config.json", ghcr__io="docker")
    environment["DOCKER_CONFIG"] = str(docker.parent)
    login_file(place.home / ".docker" / "config.json", ghcr__io="home")
    runtime = login_file(place.folder / "run" / "containers" / "auth.json", ghcr__io="session")
    environment["XDG_RUNTIME_DIR"] = str(place.folder / "run")
    login_file(place.home / ".config" / "containers" / "auth.json", ghcr__io="user")
    return [
        (
            "variable",
            lambda: (
                environment.pop("POLYARCH_GHCR_IO_USERNAME")
                and environment.pop("POLYARCH_GHCR_IO_PASSWORD")
            ),
        ),
        ("chosen", lambda: environment.pop("REGISTRY_AUTH_FILE")),
        ("inline", lambda: environment.pop("DOCKER_AUTH_CONFIG")),
        ("docker", lambda: environment.pop("DOCKER_CONFIG")),
        ("home", (place.home / ".docker" / "config.json").unlink),
        ("session", runtime.unlink),
        ("user", lambda: None),
    ]


def test_sources_are_asked_in_order(place):
    found = []
    for expected, remove in all_sources(place):
        found.append(place.find().username)
        assert found[-1] == expected
        remove()
    assert place.texts == []


def test_a_docker_config_of_its_own_hides_the_usual_one(place):
    login_file(place.home / ".docker" / "config.json", ghcr__io="home")
    place.environment["DOCKER_CONFIG"] = str(place.folder / "empty")
    assert place.find().is_anonymous


def test_nothing_found_says_so(place):
    credential = place.find()
    assert credential.is_anonymous
    assert credential.source == "none found"


def test_a_source_tells_where_the_login_was(place):
    path = login_file(place.home / ".docker" / "config.json", ghcr__io="home")
    assert place.find().source == f"`{path}`"


@pytest.mark.parametrize("content", ["", "{", "[]", '"x"', "\x00"])
def test_a_broken_file_is_told_and_passed_over(place, content):
    broken = place.folder / "broken.json"
    broken.write_text(content)
    place.environment["REGISTRY_AUTH_FILE"] = str(broken)
    login_file(place.home / ".docker" / "config.json", ghcr__io="home")
    store = place.store()
    assert store.lookup(GHCR).username == "home"
    assert store.lookup(HUB).is_anonymous
    assert len(place.texts) == 1
    assert "broken.json" in place.texts[0]


# --- files -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "key", ["https://index.docker.io/v1/", "docker.io", "index.docker.io", "registry-1.docker.io"]
)
def test_docker_hub_is_found_under_each_of_its_names(place, key):
    place.config(auths={key: {"auth": auth("me", "a:b")}})
    found = place.find(HUB)
    assert (found.username, found.secret) == ("me", "a:b")


def test_the_longest_prefix_wins(place):
    place.config(
        auths={
            "ghcr.io": {"auth": auth("host", "x")},
            "ghcr.io/team": {"auth": auth("team", "x")},
        }
    )
    store = place.store()
    assert store.lookup(GHCR).username == "team"
    assert store.lookup(Repository.parse("ghcr.io/other/app")).username == "host"


def test_tokens_of_files_are_told_apart(place):
    place.config(
        auths={
            "ghcr.io": {"auth": auth("me", ""), "identitytoken": "identity"},
            "quay.io": {"registrytoken": "registry"},
            "legacy.example": {"username": "old", "password": "style"},
        }
    )
    store = place.store()
    assert store.lookup(GHCR).identity_token == "identity"
    assert store.lookup(Repository.parse("quay.io/a/b")).registry_token == "registry"
    assert store.lookup(Repository.parse("legacy.example/a")).secret == "style"


@pytest.mark.parametrize(
    "entry", [{}, None, 5, {"auth": "%%%"}, {"auth": 5}, {"auth": auth("me", "")}]
)
def test_an_entry_without_a_secret_is_no_login(place, entry):
    place.config(auths={"ghcr.io": entry})
    assert place.find().is_anonymous


# --- helpers -----------------------------------------------------------------------------------

ANSWER = json.dumps({"ServerURL": "x", "Username": "helped", "Secret": CANARY})


def test_a_helper_of_the_host_beats_the_store_and_the_file(place):
    asked = place.helper("host", ANSWER)
    other = place.helper("store", ANSWER)
    place.config(
        credHelpers={"ghcr.io": "host"},
        credsStore="store",
        auths={"ghcr.io": {"auth": auth("file", "x")}},
    )
    found = place.find()
    assert (found.username, found.secret) == ("helped", CANARY)
    assert found.source == "helper `docker-credential-host`"
    assert asked.read_text() == "get ghcr.io\n"
    assert not other.exists()


def test_the_store_is_asked_for_docker_hub_by_its_old_name(place):
    asked = place.helper("store", ANSWER)
    place.config(credsStore="store", auths={"https://index.docker.io/v1/": {}})
    assert place.find(HUB).username == "helped"
    assert asked.read_text() == "get https://index.docker.io/v1/\n"


def test_a_helper_may_hold_an_identity_token(place):
    place.helper("store", json.dumps({"Username": "<token>", "Secret": CANARY}))
    place.config(credsStore="store")
    found = place.find()
    assert (found.identity_token, found.username, found.secret) == (CANARY, "", "")


def test_a_helper_that_knows_nothing_leaves_the_file(place):
    place.helper("store", "credentials not found in native keychain", status=1)
    place.config(credsStore="store", auths={"ghcr.io": {"auth": auth("file", "x")}})
    assert place.find().username == "file"
    assert place.texts == []


@pytest.mark.parametrize(
    ("answer", "status", "told"),
    [
        (f"panic {CANARY}", 2, "ended with status 2"),
        (f"not json {CANARY}", 0, "did not answer in the helpers' protocol"),
        ("[]", 0, "did not answer in the helpers' protocol"),
        ('{"Username": 5}', 0, "did not answer in the helpers' protocol"),
    ],
)
def test_a_helper_that_fails_is_told_without_its_words(place, answer, status, told):
    place.helper("store", answer, status=status)
    place.config(credsStore="store")
    found = place.find()
    assert found.is_anonymous
    assert told in found.source
    assert len(place.texts) == 1
    assert told in place.texts[0]
    assert CANARY not in repr(place.events) + repr(found)


def test_an_absent_helper_is_told(place):
    place.config(credsStore="nowhere")
    assert "docker-credential-nowhere" in place.find().source


@pytest.mark.parametrize("name", ["../evil", "a/b", "", "-x", "a b"])
def test_a_helpers_name_is_no_path(place, name):
    place.config(credHelpers={"ghcr.io": name})
    assert place.find().is_anonymous


def test_a_helper_that_hangs_is_given_up(place):
    place.program("docker-credential-slow", "exec sleep 60")
    place.config(credsStore="slow")
    assert "no answer in 0.3 s" in place.find(helper_timeout_s=0.3).source


def test_a_helper_runs_once_per_host_and_only_for_hosts_in_use(place):
    asked = place.helper("store", ANSWER)
    place.config(credsStore="store", auths={"unused.example": {}})
    store = place.store()
    for name in ("ghcr.io/a/b", "ghcr.io/c/d", "quay.io/a/b", "ghcr.io/a/b"):
        store.lookup(Repository.parse(name))
    assert asked.read_text() == "get ghcr.io\nget quay.io\n"


def test_a_helper_never_runs_twice_at_once(place):
    lock, record = place.folder / "lock", place.folder / "record"
    script = f"""
        read host
        mkdir {lock} || {{ echo broken >> {record}; exit 3; }}
        sleep 0.05
        rmdir {lock}
        echo '{ANSWER}'
        """
    place.program("docker-credential-fragile", script)
    place.config(credsStore="fragile")
    store = place.store()
    names = [f"host{number}.example/a" for number in range(6)]
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda name: store.lookup(Repository.parse(name)).username, names))
    assert found == ["helped"] * 6
    assert not record.exists()


def test_an_answer_is_kept_an_hour_and_a_failure_some_seconds(place):
    now = [0.0]
    asked = place.helper("store", ANSWER)
    place.config(credsStore="store")
    store = place.store(now=lambda: now[0])
    for moment, count in ((0, 1), (3599, 1), (3601, 2)):
        now[0] = moment
        store.lookup(GHCR)
        assert len(asked.read_text().splitlines()) == count
    place.helper("store", "no", status=1)
    now[0] = 10_000
    store.lookup(GHCR)
    before = len(asked.read_text().splitlines())
    for moment, more in ((10_004, 0), (10_006, 1)):
        now[0] = moment
        store.lookup(GHCR)
        assert len(asked.read_text().splitlines()) == before + more


# --- what the config names -----------------------------------------------------------------------


def test_named_variables_come_first(place):
    place.config(auths={"docker.io": {"auth": auth("file", "x")}})
    place.environment |= {"DOCKER_USERNAME": "me", "DOCKER_PASSWORD": CANARY}
    login = ConfiguredLogin(
        prefix="docker.io", username_env="DOCKER_USERNAME", password_env="DOCKER_PASSWORD"
    )
    found = place.find(HUB, login)
    assert (found.username, found.secret) == ("me", CANARY)
    assert found.source == "variables `DOCKER_USERNAME` and `DOCKER_PASSWORD`"
    assert CANARY not in repr(found) + str(found)


def test_the_longest_configured_prefix_wins(place):
    place.environment |= {"HOST": "h", "TEAM": "t", "PW": "x"}
    logins = (
        ConfiguredLogin(prefix="ghcr.io", username_env="HOST", password_env="PW"),
        ConfiguredLogin(prefix="ghcr.io/team", username_env="TEAM", password_env="PW"),
    )
    store = place.store(*logins)
    assert store.lookup(GHCR).username == "t"
    assert store.lookup(Repository.parse("ghcr.io/other/app")).username == "h"


@pytest.mark.parametrize("environment", [{}, {"U": "me"}, {"P": "x"}, {"U": "me", "P": ""}])
def test_a_named_variable_that_is_not_set_is_noted_on_a_laptop(place, environment):
    place.environment |= environment
    login_file(place.home / ".docker" / "config.json", ghcr__io="home")
    login = ConfiguredLogin(prefix="ghcr.io", username_env="U", password_env="P")
    store = place.store(login)
    assert store.lookup(GHCR).username == "home"
    assert store.lookup(Repository.parse("ghcr.io/team/other")).username == "home"
    assert len(place.events) == 1
    assert isinstance(place.events[0], Note)
    missing = {"U", "P"} - {name for name, value in environment.items() if value}
    assert all(f"`{name}`" in place.texts[0] for name in missing)


@pytest.mark.parametrize("environment", [{}, {"U": "me"}, {"U": "me", "P": ""}])
def test_a_named_variable_that_is_not_set_is_an_error_in_ci(place, environment):
    place.environment |= environment
    login_file(place.home / ".docker" / "config.json", ghcr__io="home")
    login = ConfiguredLogin(
        prefix="ghcr.io", username_env="U", password_env="P", where="polyarch.toml, line 7"
    )
    store = place.store(login, ci=True)
    with pytest.raises(MissingVariableError) as caught:
        store.lookup(GHCR)
    assert "`P`" in caught.value.message
    assert caught.value.where == "polyarch.toml, line 7"
    assert store.lookup(Repository.parse("quay.io/a/b")).is_anonymous


HUB_LOGIN = ConfiguredLogin(prefix="docker.io", username_env="HUB_USER", password_env="HUB_PW")


def test_what_would_give_a_login_is_told_with_or_without_one(place):
    assert place.find(HUB, HUB_LOGIN).places == ("`HUB_USER`", "`HUB_PW`")
    place.config(auths={"docker.io": {"auth": auth("file", "x")}})
    found = place.find(HUB, HUB_LOGIN)
    assert (found.username, found.places) == ("file", ("`HUB_USER`", "`HUB_PW`"))
    assert not found.is_ours
    login = ConfiguredLogin(prefix="docker.io", username_env="HUB_USER", password_file="pw")
    assert place.find(HUB, login).places == ("`HUB_USER`", "file `pw`")
    names = ("`POLYARCH_GHCR_IO_USERNAME`", "`POLYARCH_GHCR_IO_PASSWORD`")
    assert place.find(GHCR, HUB_LOGIN).places == names


def test_default_variables_need_no_config(place):
    place.environment |= {"POLYARCH_GHCR_IO_USERNAME": "me", "POLYARCH_GHCR_IO_PASSWORD": "x"}
    assert place.find(ci=True).username == "me"


def test_half_of_the_default_variables_is_a_mistake(place):
    place.environment["POLYARCH_GHCR_IO_PASSWORD"] = CANARY
    assert place.find().is_anonymous
    assert "`POLYARCH_GHCR_IO_USERNAME` is not set" in place.texts[0]
    with pytest.raises(MissingVariableError, match="POLYARCH_GHCR_IO_USERNAME") as caught:
        place.find(ci=True)
    assert CANARY not in str(caught.value)


def test_a_password_may_come_from_a_file(place):
    (place.folder / "password").write_text(f"{CANARY}\n")
    (place.home / "password").write_text("of-home\r\nrest\n")
    place.environment["POLYARCH_GHCR_IO_USERNAME"] = "me"
    for name, secret in (("password", CANARY), ("~/password", "of-home")):
        found = place.find(GHCR, ConfiguredLogin(prefix="ghcr.io", password_file=name))
        assert (found.username, found.secret) == ("me", secret)
        assert found.source == f"file `{name}`"


def test_a_password_may_come_from_a_command(place):
    place.program("vault", f'echo "$@" > {place.folder}/words; echo {CANARY}; echo more')
    place.environment["USER_NAME"] = "me"
    login = ConfiguredLogin(
        prefix="ghcr.io", username_env="USER_NAME", password_command=("vault", "read", "$(x)")
    )
    store = place.store(login)
    assert store.lookup(GHCR).secret == CANARY
    assert (place.folder / "words").read_text() == "read $(x)\n"
    (place.folder / "words").unlink()
    store.lookup(Repository.parse("ghcr.io/team/other"))
    assert not (place.folder / "words").exists()


@pytest.mark.parametrize(
    ("login", "told"),
    [
        ({"password_file": "absent"}, "No such file or directory"),
        ({"password_file": "empty"}, "it is empty"),
        ({"password_file": "binary"}, "it is not text"),
        ({"password_command": ("failing",)}, "it ended with status 4"),
        ({"password_command": ("silent",)}, "it is empty"),
        ({"password_command": ("nowhere",)}, "not on PATH"),
    ],
)
def test_a_named_source_that_gives_nothing_is_an_error(place, login, told):
    (place.folder / "empty").write_text("")
    (place.folder / "binary").write_bytes(b"\xff" + CANARY.encode())
    place.program("failing", f"echo {CANARY}; echo {CANARY} >&2; exit 4")
    place.program("silent", "true")
    place.environment["POLYARCH_GHCR_IO_USERNAME"] = "me"
    login_file(place.home / ".docker" / "config.json", ghcr__io="home")
    with pytest.raises(CredentialUnreadableError, match=told) as caught:
        place.find(GHCR, ConfiguredLogin(prefix="ghcr.io", **login))
    error = caught.value
    assert CANARY not in f"{error}{error.where}{error.hint}{error.__cause__}{error.__context__!r}"


def test_who_must_stay_anonymous_reads_and_starts_nothing(place):
    all_sources(place)
    started = place.helper("store", ANSWER)
    place.config(credsStore="store")
    place.program("vault", f"touch {place.folder}/ran; echo x")
    login = ConfiguredLogin(prefix="ghcr.io", username_env="UNSET", password_command=("vault",))
    found = place.find(GHCR, login, anonymous=True, ci=True)
    assert found.is_anonymous
    assert not started.exists()
    assert not (place.folder / "ran").exists()
    assert place.events == []


def test_many_threads_may_ask(place):
    place.environment |= {"U": "me", "P": "x"}
    store = place.store(ConfiguredLogin(prefix="ghcr.io", username_env="U", password_env="P"))
    barrier = threading.Barrier(8)

    def ask(_number: int) -> str:
        barrier.wait()
        found: str = store.lookup(GHCR).username
        return found

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(ask, range(8))) == {"me"}
