"""What a proof may claim, for all that can happen."""

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from polyarch.config.project import SmokeTest
from polyarch.findings import Finding, Report, Severity
from polyarch.oci.digest import Digest
from polyarch.oci.platform import Platform
from polyarch.pipeline.part import Proof
from polyarch.pipeline.proof import ImageProof, Level, PlatformProof, Wanted
from polyarch.pipeline.proof_record import statement
from polyarch.runtimes.outcome import Outcome, Reason, Status

ARM = Platform.parse("linux/arm64")
DIGEST = Digest.parse(f"sha256:{'a' * 64}")
READ = Report(subject="app", platforms=1)
BAD = replace(
    READ, findings=(Finding(code="x", severity=Severity.ERROR, subject="app", message="bad"),)
)
TESTS = (SmokeTest(run=("/app",)), SmokeTest(run=("/app", "-v")))
WANTED = Wanted(tests=TESTS)

outcomes = st.builds(
    Outcome,
    status=st.sampled_from(Status),
    reason=st.sampled_from(Reason),
    how=st.sampled_from(["native", "emulated", ""]),
    message=st.text(min_size=1, max_size=5),
)


def proof(*smoke: Outcome, report: Report | None = READ, before: tuple[Proof, ...] = ()):
    return PlatformProof(
        platform=ARM, digest=DIGEST, wanted=WANTED, report=report, smoke=smoke, before=before
    )


def held(level: Level, how: str = "read") -> Proof:
    return Proof(
        subject=str(DIGEST), level=level.value, how=how, definition=WANTED.definition(level)
    )


@given(st.lists(outcomes, max_size=3), st.sampled_from([None, READ, BAD, Report(subject="app")]))
def test_only_what_ran_and_passed_is_run(smoke: list[Outcome], report: Report | None):
    found = proof(*smoke, report=report)
    statuses = [each.status for each in smoke]
    ran = bool(smoke) and set(statuses) == {Status.PASSED}
    assert (found.level is Level.RUN) == (ran and found.ok)
    assert found.ok == ((report is None or report is READ) and Status.FAILED not in statuses)
    assert (found.level is None) == (not found.ok)
    claimed = {each.level for each in found.proofs("c0ffee", None)}
    assert ("run" in claimed) == (found.level is Level.RUN)
    assert ("deep" in claimed) == found.ok
    if Status.NOT_RUN in statuses:
        assert found.inspected_only
        assert found.summary()["inspected_only"]


def test_what_was_proven_before_stays_as_it_is():
    before = (held(Level.DEEP), held(Level.RUN, "native"))
    found = proof(report=None, before=before)
    assert (found.level, found.how, found.is_reused) == (Level.RUN, "native", True)
    assert found.proofs("another", "another") == before


def test_a_smoke_test_that_ran_now_joins_files_that_were_read_before():
    passed = Outcome(status=Status.PASSED, how="emulated", runtime="bubblewrap")
    found = proof(passed, report=None, before=(held(Level.DEEP),))
    assert not found.is_reused
    kept, new = found.proofs("c0ffee", "run")
    assert kept == held(Level.DEEP)
    assert (new.level, new.how, new.runtime) == ("run", "emulated", "bubblewrap")
    assert (new.revision, new.ci_run, new.subject) == ("c0ffee", "run", str(DIGEST))


def test_every_part_of_the_question_counts():
    others = [
        replace(WANTED, tests=TESTS[:1]),
        replace(WANTED, tests=TESTS[::-1]),
        *(
            replace(WANTED, tests=(replace(TESTS[0], **change), TESTS[1]))
            for change in ({"exit": 1}, {"matches": "x"}, {"timeout_s": 1}, {"run": ("/app ",)})
        ),
    ]
    definitions = {each.definition(Level.RUN) for each in [WANTED, *others]}
    assert len(definitions) == 7
    allowing = replace(WANTED, allow=("/x",))
    assert allowing.definition(Level.RUN) == WANTED.definition(Level.RUN)
    assert allowing.definition(Level.DEEP) != WANTED.definition(Level.DEEP)
    assert WANTED.definition(Level.DEEP) != WANTED.definition(Level.RUN)


def test_a_proof_survives_its_record():
    [deep] = proof().proofs("c0ffee", "run")
    assert Proof.parse(deep.to_json()) == deep
    assert Proof.parse(json.loads(json.dumps(held(Level.RUN).to_json()))) == held(Level.RUN)


def test_a_statement_has_each_digest_once_and_no_time():
    image = ImageProof(name="app", digest=DIGEST, structure=READ, platforms=(proof(),))
    made = statement(image, {"revision": "c0ffee", "ci_run": None})
    assert [each["name"] for each in made["subject"]] == ["app", "app linux/arm64"]
    assert '"time"' not in json.dumps(made)
    assert "seconds" not in json.dumps(made)
