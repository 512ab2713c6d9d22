from pathlib import Path

from polyarch.engines.base import BuildRequest, BuildSecret
from polyarch.engines.given import (
    buildah_options,
    buildkit_options,
    command_environment,
    link_secrets,
)
from polyarch.oci.platform import Platform

TOKEN = BuildSecret(id="npm", variable="NPM_TOKEN")


def request(*secrets: BuildSecret, ssh: tuple[str, ...] = ()) -> BuildRequest:
    return BuildRequest(
        image="app",
        platform=Platform.parse("linux/arm64"),
        project=Path("/p"),
        context=Path("/p"),
        dockerfile=None,
        secrets=secrets,
        ssh=ssh,
    )


def test_buildkit_is_told_places_as_rows_of_csv() -> None:
    plain = BuildSecret(id="file", file=Path("/p/secret.txt"))
    odd = BuildSecret(id="odd", file=Path('/p, q/"secret".txt'))
    assert buildkit_options(request(TOKEN, plain, odd, ssh=("default", "git=/k"))) == [
        "--secret", "id=npm,env=NPM_TOKEN",
        "--secret", "id=file,src=/p/secret.txt",
        "--secret", 'id=odd,"src=/p, q/""secret"".txt"',
        "--ssh", "default",
        "--ssh", "git=/k",
    ]  # fmt: skip


def test_buildah_is_told_links_that_have_no_comma(tmp_path: Path) -> None:
    file = tmp_path / "a, b" / "secret.txt"
    file.parent.mkdir()
    file.write_text("canary")
    work = tmp_path / "work"
    work.mkdir()
    asked = request(TOKEN, BuildSecret(id="..", file=file), ssh=("default",))
    links = link_secrets(asked, work)
    assert buildah_options(asked, links) == [
        "--secret", "id=npm,env=NPM_TOKEN",
        "--secret", "id=..,src=given/1",
        "--ssh", "default",
    ]  # fmt: skip
    assert (work / "given/1").is_symlink()
    assert (work / "given/1").read_text() == "canary"


def test_the_direct_engines_command_finds_files_by_variables() -> None:
    secret = BuildSecret(id="my-file.1", file=Path("/p/s"))
    assert command_environment(request(TOKEN, secret)) == {"POLYARCH_SECRET_MY_FILE_1": "/p/s"}
