"""What proves an image that is promoted: a run, a stored record, what is attached to it, or now."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from polyarch.content.memory import MemoryStore
from polyarch.oci.digest import Digest
from polyarch.oci.manifest import ImageIndex
from polyarch.oci.platform import Platform
from polyarch.pipeline.attached_proof import attached_proofs, proof_artifact
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.wire import Answer, Call, refusal
from tests.support.environments import PLATFORMS, TAGS, Staged, attach, on, retag
from tests.support.images import MadeImage, make_image
from tests.support.places import laid
from tests.support.tiny_project import Said

Registries = tuple[SandboxRegistry, ...]
NOTHING: list[dict[str, Any]] = [{}, {}, {}]


@pytest.fixture
def staged(tmp_path: Path, three: Registries) -> Staged:
    """The image `app` stands in staging, and its records may go to a store."""
    made = Staged.make(tmp_path / "project", [each.host for each in three])
    made.stage("app")
    return made


def forget(staged: Staged) -> dict[str, Any]:
    """The machine is gone; gives the statement of what it had proven first."""
    run = staged.project.runs[0]
    found: dict[str, Any] = json.loads((run / "proof-app.intoto.json").read_text())
    shutil.rmtree(staged.project.root / ".polyarch")
    return found


def is_refused(said: Said, reason: str) -> bool:
    document = said.document
    assert (said.code, document["code"]) == (7, "not-proven"), said
    assert reason in document["message"], said
    assert "`--prove`" in document["hint"]
    return True


def proof_of(said: Said) -> Any:
    assert said.code == 0, said
    image = said.document["images"][0]
    assert {each["proof"]["level"] for each in image["platforms"]} == {"deep"}
    return image["proof"]


class TestRuns:
    def test_another_machine_knows_nothing_of_it(self, staged: Staged):
        assert is_refused(staged.fresh("elsewhere").promote("app"), "no record shows sha256:")
        assert staged.standing() == NOTHING

    def test_what_somebody_else_put_there_was_not_proven(self, staged: Staged):
        """Its commit is right, and so is its tag; only its digest is another."""
        foreign = staged.fresh("elsewhere")
        foreign.project.write({"make.sh": 'echo evil > "$1"\nchmod +x "$1"\n'})
        foreign.stage("app", "--force", ref="refs/tags/v6.6.6")
        for host in staged.hosts[:2]:
            digest = foreign.standing("staging")[0]["app"]["6.6.6"]
            retag(f"{host}/staging/app", digest, "1.2.3")
        assert is_refused(staged.promote("app"), "no record shows")
        assert staged.standing() == NOTHING

    @pytest.mark.parametrize(
        "damage",
        [
            lambda proof: proof["images"][0].update(ok=False),
            lambda proof: proof["images"][0]["structure"].update(ok=False),
            lambda proof: proof["images"][0]["platforms"][1].update(ok=False),
            lambda proof: proof["images"][0]["platforms"][1].update(level=None),
            lambda proof: proof["images"][0]["platforms"].pop(),
            lambda proof: proof["gates"].append({"image": "app", "ok": False}),
        ],
    )
    def test_only_a_proof_that_held_on_every_platform_counts(self, staged: Staged, damage: Any):
        file = staged.project.runs[0] / "proof.json"
        proof = json.loads(file.read_text())
        damage(proof)
        file.write_text(json.dumps(proof))
        assert is_refused(staged.promote("app"), "no record shows")

    def test_an_old_one_does_not_count_where_a_limit_is_set(self, staged: Staged):
        run = staged.project.runs[0]
        about = json.loads((run / "run.json").read_text())
        about["started"] = (datetime.now(UTC) - timedelta(days=8)).isoformat()
        (run / "run.json").write_text(json.dumps(about))
        said = staged.promote("app", "--proof-max-age", "7d")
        assert is_refused(said, "its proof is older than `--proof-max-age` allows")
        assert staged.standing() == NOTHING
        assert proof_of(staged.promote("app", "--proof-max-age", "9d"))["run"] == run.name


class TestElsewhere:
    def test_a_proof_that_is_attached_to_the_digest(self, staged: Staged):
        digest = staged.standing("staging", ["app"])[0]["app"]["1.2.3"]
        statement = forget(staged)
        source = f"{staged.hosts[0]}/staging/app"
        root = on(source, lambda remote: remote.get_manifest(Digest.parse(digest)))
        now = datetime.now(UTC)
        old = proof_artifact(statement, root.descriptor, now - timedelta(days=8))
        attach(source, old.manifest, old.blobs)
        assert is_refused(staged.promote("app", "--proof-max-age", "7d"), "is older than")
        found = proof_of(staged.promote("app"))
        assert found["kind"] == "attached"
        assert found["where"] == f"{source}@{old.manifest.descriptor.digest}"
        assert staged.standing() == [{"app": dict.fromkeys(TAGS, digest)}] * 3

    def test_a_record_in_the_store(self, tmp_path: Path, three: Registries):
        store = f"{three[2].host}/team/runs"
        hosts = [each.host for each in three]
        staged = Staged.make(tmp_path / "stored", hosts, f'[runs]\nstore = "{store}"\n')
        staged.stage("app")
        [run] = [each.name for each in staged.project.runs]
        forget(staged)
        found = proof_of(staged.promote("app"))
        assert (found["kind"], found["run"]) == ("store", run)
        assert found["where"] == f"{store}:run-{run}"

    def test_a_store_that_has_nothing_yet(self, staged: Staged):
        forget(staged)
        staged.project.toml(f'+[runs]\nstore = "{staged.hosts[2]}/team/none"\n')
        assert is_refused(staged.promote("app"), "no record shows")

    def test_a_store_that_does_not_answer_is_no_proof_and_no_refutation(
        self, staged: Staged, three: Registries
    ):
        async def deny(call: Call) -> Answer | None:
            return refusal("DENIED", "not you") if "team/none" in call.repository else None

        three[2].quirks = Quirks(on_request=deny)
        staged.project.toml(f'+[runs]\nstore = "{staged.hosts[2]}/team/none"\n')
        assert proof_of(staged.promote("app", "--dry-run"))["kind"] == "run"
        forget(staged)
        said = staged.promote("app", "--dry-run")
        assert said.code == 7
        assert said.document["code"] != "not-proven", "nobody knows"


class TestNow:
    def test_it_is_proven_before_any_tag_moves_and_recorded(self, staged: Staged):
        forget(staged)
        said = staged.promote("app", "--prove")
        found = proof_of(said)
        [run] = staged.project.runs
        assert (found["kind"], found["run"]) == ("now", run.name)
        record = json.loads((run / "proof.json").read_text())
        assert record["images"][0]["digest"] == said.document["images"][0]["digest"]
        assert {each["level"] for each in record["images"][0]["platforms"]} == {"deep"}

        again = staged.promote("app", "--proof-max-age", "1h")
        assert proof_of(again)["run"] == run.name, "one proof is worth as much as another"

    def test_the_new_proof_goes_along_where_the_config_says_so(self, staged: Staged):
        forget(staged)
        staged.project.toml("+[verify]\nattach = true\n")
        said = staged.promote("app", "--prove")
        assert proof_of(said)["kind"] == "now"
        digest = said.document["images"][0]["digest"]
        for host in staged.hosts:
            [attached] = on(
                f"{host}/team/app",
                lambda remote: attached_proofs(remote, Digest.parse(digest)),
            )
            assert attached.ok
            assert attached.revision == staged.project.git("rev-parse", "HEAD")

    def test_what_does_not_hold_goes_nowhere(self, staged: Staged):
        """What stands there is not what it says: an image of another machine."""
        platform = Platform.parse(PLATFORMS[0])
        store = MemoryStore()
        lie = make_image(store, platform, {"app": b"x"}, says=Platform.parse("linux/amd64"))
        index = ImageIndex.build([lie])
        store.add(index.descriptor.media_type, index.raw)
        made = MadeImage(store=store, index=index, children=(lie,))
        laid(made, staged.project.root.parent / "layout", "lie")
        places = [f"{host}/staging/app:lie" for host in staged.hosts[:2]]
        copied = staged.project.run("copy", "oci:../layout:lie", *places)
        assert copied.code == 0, copied
        said = staged.promote("app", "--tag", "1.2.3", "--from-tag", "lie", "--prove", more={})
        assert (said.code, said.document["code"]) == (1, "verification"), said
        assert "amd64" in said.document["message"]
        assert staged.standing() == NOTHING
