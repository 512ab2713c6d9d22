"""A client that is not ours pushes to the sandbox registry and pulls back the same bytes."""

import shutil
from pathlib import Path

import pytest

from polyarch.content.graph import copy_graph, walk
from polyarch.content.layout import LayoutStore
from polyarch.sandbox.auth import Account, Auth, BasicAuth, OpenAuth
from polyarch.sandbox.bearer import BearerAuth
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.thread import running
from tests.lab.commands import CommandFailedError
from tests.lab.skopeo import Skopeo
from tests.support.images import make_index
from tests.support.sandbox_http import make_storage
from tests.support.tls import self_signed

ACCOUNT = Account(username="robot", password="p:w")
AUTHS: dict[str, Auth] = {
    "open": OpenAuth(),
    "basic": BasicAuth(ACCOUNT),
    "bearer": BearerAuth(ACCOUNT),
}
LOGIN = f"{ACCOUNT.username}:{ACCOUNT.password}"


@pytest.mark.parametrize("auth", AUTHS)
@pytest.mark.parametrize("storage", ["memory", "folder"])
def test_round_trip(skopeo: Skopeo, tmp_path: Path, storage: str, auth: str) -> None:
    made = make_index(("linux/amd64", "linux/arm64", "linux/arm/v7"))
    layout = LayoutStore(tmp_path / "layout")
    copy_graph(made.store, layout, made.index.descriptor)
    layout.tag(made.index.descriptor, "made")

    registry = SandboxRegistry(storage=make_storage(storage, tmp_path), auth=AUTHS[auth])
    with running(registry) as (host,):
        there = f"docker://{host}/team/app:1.0"
        skopeo.copy(f"oci:{tmp_path}/layout:made", there, "--all", f"--dest-creds={LOGIN}")
        skopeo.copy(there, f"oci:{tmp_path}/pulled:made", "--all", f"--src-creds={LOGIN}")
        if auth != "open":
            for option in ("--src-creds=robot:wrong", "--src-no-creds"):
                with pytest.raises(CommandFailedError, match=r"unauthorized|denied"):
                    skopeo.copy(there, f"oci:{tmp_path}/refused:made", "--all", option)

    pulled = LayoutStore(tmp_path / "pulled")
    assert [entry.digest for entry in pulled.entries()] == [made.index.descriptor.digest]
    assert all(pulled.exists(node) for node in walk(made.store, made.index.descriptor))


def test_over_tls_with_tokens(skopeo: Skopeo, tmp_path: Path) -> None:
    if not shutil.which("openssl"):
        pytest.skip("openssl, which makes the certificate, is not installed")
    made = make_index()
    layout = LayoutStore(tmp_path / "layout")
    copy_graph(made.store, layout, made.index.descriptor)
    layout.tag(made.index.descriptor, "made")
    tls = self_signed(tmp_path)
    trusted = tmp_path / "trusted"
    trusted.mkdir()
    shutil.copy(tls.ca, trusted / "ca.crt")

    registry = SandboxRegistry(auth=BearerAuth(ACCOUNT), ssl_context=tls.server)
    with running(registry) as (host,):
        options = ("--all", f"--dest-creds={LOGIN}", f"--dest-cert-dir={trusted}")
        words = ("copy", "--quiet", *options, f"oci:{tmp_path}/layout:made")
        skopeo.run(*words, f"docker://{host}/team/app:1.0")
        with pytest.raises(CommandFailedError, match="certificate"):
            skopeo.run("inspect", f"--creds={LOGIN}", f"docker://{host}/team/app:1.0")
