"""`polyarch lint --fix` and `--diff`: what is written, and what never is."""

import io
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.test_lint import BAD, PINNED, SLOW, linted, rules
from tests.support.golden import compare, session
from tests.support.tiny_project import TinyProject

GOLDEN = Path(__file__).parent / "golden" / "lint"
CORPUS = Path(__file__).resolve().parents[3] / "shared" / "dockerfile" / "corpus"

CHMOD = "FROM alpine:3.20\nCOPY start.sh /start.sh\nRUN chmod +x /start.sh\n"
FIXED = "FROM alpine:3.20\nCOPY --chmod=0755 start.sh /start.sh\n"


@pytest.fixture
def place(tmp_path: Path) -> TinyProject:
    """A folder that is no project."""
    return TinyProject.make(tmp_path / "nowhere", {}, git=False)


def text_of(place: TinyProject, name: str = "Dockerfile") -> str:
    return (place.root / name).read_bytes().decode()


def test_as_a_person_sees_it(place: TinyProject):
    place.write({"Dockerfile": SLOW, "b/Dockerfile": BAD})
    shown = ""
    for command in ("lint --diff .", "lint --fix .", "lint --fix .", "lint --fix=review -q ."):
        shown += session(place, command, place.run(*command.split()))
    compare(GOLDEN / "fix.txt", shown)


def test_what_is_safe_and_what_wants_to_be_read(place: TinyProject):
    tools = "FROM --platform=linux/amd64 alpine:3.20 AS tools\nCOPY a /a\n\n"
    place.write({"Dockerfile": f"{tools}{CHMOD}COPY --from=tools /a /a\n"})
    said = linted(place, "--fix")
    assert rules(said) == ["PA101"]
    [mended] = [file["mended"] for file in said.document["files"]]
    assert mended["applied"] == [{"rule": "PA401", "line": 6}]
    assert text_of(place) == f"{tools}{FIXED}COPY --from=tools /a /a\n"
    assert rules(linted(place, "--fix=review")) == []
    assert "linux/amd64" not in text_of(place)


def test_a_second_time_changes_nothing(place: TinyProject):
    place.write({"Dockerfile": CHMOD})
    linted(place, "--fix")
    before = (place.root / "Dockerfile").stat()
    linted(place, "--fix")
    assert (place.root / "Dockerfile").stat() == before


def test_bytes_modes_and_links_stay(place: TinyProject):
    text = f"# caf\xe9 \x01\n{CHMOD}".replace("\n", "\r\n").encode("latin-1")
    path = place.root / "real"
    path.write_bytes(text)
    path.chmod(0o640)
    (place.root / "Dockerfile").symlink_to("real")
    linted(place, "--fix")
    assert (place.root / "Dockerfile").is_symlink()
    assert path.stat().st_mode & 0o777 == 0o640
    fixed = f"# caf\xe9 \x01\n{FIXED}".replace("\n", "\r\n").encode("latin-1")
    assert path.read_bytes() == fixed
    assert sorted(each.name for each in place.root.iterdir()) == ["Dockerfile", "real"]


def test_one_that_may_not_be_written(place: TinyProject):
    place.write({"a/Dockerfile": CHMOD, "b/Dockerfile": CHMOD})
    (place.root / "a/Dockerfile").chmod(0o444)
    said = linted(place, "--fix", ".", code=4)
    assert (text_of(place, "a/Dockerfile"), text_of(place, "b/Dockerfile")) == (CHMOD, FIXED)
    assert "the file is not writable" in said.stderr
    assert [bool(file["error"]) for file in said.document["files"]] == [True, False]
    assert rules(said) == ["PA401"]


def test_a_diff_writes_nothing(place: TinyProject):
    place.write({"Dockerfile": CHMOD, "b/Dockerfile": BAD.rstrip("\n")})
    said = place.run("lint", "--diff", ".")
    assert said.code == 1, "what is found now counts"
    assert text_of(place) == CHMOD
    assert "b/b/Dockerfile" not in said.stdout
    assert "would be mended: PA401 (line 3)" in said.stderr
    said = place.run("lint", "--fix=review", "--diff", ".")
    assert "\\ No newline at end of file" in said.stdout
    linted(place, "--diff", ".", code=1)
    assert place.run("lint", "--diff", "-q", ".").stderr == ""


def test_a_diff_is_one_that_git_applies(place: TinyProject):
    crlf = f"# caf\xe9\f \r x\n{CHMOD}".replace("\n", "\r\n").encode("latin-1")
    (place.root / "Dockerfile").write_bytes(crlf)
    place.write({"b/Dockerfile": CHMOD.rstrip("\n"), "c.Dockerfile": SLOW})
    command = [sys.executable, "-m", "polyarch", "lint", "--diff", "."]
    done = subprocess.run(
        command, cwd=place.root, env=place.environment, capture_output=True, check=False
    )
    apply = ["git", "apply", "-p1", "-"]
    subprocess.run(apply, cwd=place.root, env=place.environment, input=done.stdout, check=True)
    files = [(place.root / name).read_bytes() for name in ("Dockerfile", "b/Dockerfile")]
    assert files == [
        f"# caf\xe9\f \r x\n{FIXED}".replace("\n", "\r\n").encode("latin-1"),
        FIXED.encode(),
    ]
    assert place.run("lint", "--fix", "--diff", ".").stdout == ""


def test_standard_input(place: TinyProject, monkeypatch: pytest.MonkeyPatch):
    assert place.run("lint", "--fix", "-").code == 2
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(CHMOD.encode())))
    said = place.run("lint", "--diff", "-")
    assert "+COPY --chmod=0755" in said.stdout


def test_only_the_rules_that_are_asked_for(place: TinyProject):
    place.write({"Dockerfile": SLOW + "COPY start.sh /start.sh\nRUN chmod +x /start.sh\n"})
    linted(place, "--fix", "--rule", "run-chmod")
    assert "BUILDPLATFORM" not in text_of(place)
    assert "--chmod=0755" in text_of(place)
    linted(place, "--fix", "--ignore", "PA201")
    assert "BUILDPLATFORM" not in text_of(place)


def test_a_compose_file(place: TinyProject):
    place.write({"compose.yaml": PINNED})
    linted(place, "--fix", "compose.yaml")
    assert text_of(place, "compose.yaml") == PINNED
    linted(place, "--fix=review", "compose.yaml")
    assert text_of(place, "compose.yaml") == "services:\n  app:\n    build: .\n"


def test_fix_takes_a_value_only_behind_an_equals_sign(place: TinyProject):
    place.write({"review": CHMOD})
    linted(place, "--fix", "review")
    assert text_of(place, "review") == FIXED
    assert place.run("lint", "--fix=all", "review").code == 2


def test_the_corpus_is_mended_once(place: TinyProject):
    if not CORPUS.is_dir():
        pytest.skip("the corpus is not here")
    for path in sorted(CORPUS.glob("*.Dockerfile"))[::4]:
        (place.root / path.name).write_bytes(path.read_bytes())
    first = place.run("lint", "--fix=review", ".")
    assert "bug" not in first.stderr
    assert "was mended" in first.stdout
    again = place.run("lint", "--fix=review", "--diff", ".")
    assert again.stdout == ""
