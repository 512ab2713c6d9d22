"""PA401: RUN instructions that only change modes, and whether COPY can do it."""

from pathlib import Path

import pytest

from polyarch.dockerfile.lint.folder import ContextFolder
from tests.support.linted import AMD64, ARM64, linted, told

JUDGED = [
    # One file, one COPY, and a mode that needs no look at the file.
    ("COPY run /run\nRUN chmod +x /run", "safe"),
    ("COPY run /run\nRUN chmod a+x /run", "safe"),
    ("COPY run /run\nRUN chmod 755 /run", "safe"),
    ("COPY run /run\nRUN chmod 0700 /run", "safe"),
    ("COPY run /usr/bin/\nRUN chmod +x /usr/bin/run", "safe"),
    ("WORKDIR /srv\nCOPY run .\nRUN chmod +x run", "safe"),
    ("WORKDIR /srv\nCOPY run .\nRUN chmod +x ./run", "safe"),
    ("WORKDIR /srv\nCOPY run .\nRUN set -e; cd /srv && chmod +x run", "safe"),
    ("ENV AT=/srv\nCOPY run $AT/run\nRUN chmod +x ${AT}/run", "safe"),
    ("COPY one two /bin/\nRUN chmod +x /bin/one /bin/two", "safe"),
    ("COPY one two /bin/\nRUN chmod +x /bin/one && chmod +x /bin/two", "safe"),
    ('COPY ["run", "/run"]\nRUN ["chmod", "+x", "/run"]', "safe"),
    ("COPY --chmod=0644 run /run\nRUN chmod +x /run", "safe"),
    ("COPY run /run\nRUN apk add x\nRUN chmod +x /run", "safe"),
    # The outcome, or the order, needs somebody who looks.
    ("COPY run /run\nRUN chmod a+rx /run", "review"),
    ("COPY run /run\nRUN chmod u+x /run", "review"),
    ("COPY run /run\nRUN chmod g=u /run", "review"),
    ("COPY one /one\nCOPY two /two\nRUN chmod +x /one /two", "review"),
    ("ADD https://example.com/run /run\nRUN chmod +x /run", "review"),
    ("COPY run /run\nRUN chown 1 /run\nRUN chmod 700 /run", "review"),
    ("COPY --chmod=u=rw run /run\nRUN chmod +x /run", "review"),
    # COPY cannot do it, or not for sure.
    ("ADD https://example.com/run /run\nRUN chmod 755 /run", "safe"),
    ("COPY . /srv\nRUN chmod +x /srv/run", "none"),
    ("COPY bin /srv/bin\nRUN chmod +x /srv/bin/run", "none"),
    ("COPY bin/* /srv/bin/\nRUN chmod +x /srv/bin/run", "none"),
    ("COPY --from=x / /\nRUN chmod +x /run", "none"),
    ("ADD run.tar.gz /srv/\nRUN chmod +x /srv/run", "none"),
    ("COPY run /srv/\nRUN chmod -R +x /srv", "none"),
    ("COPY run /run\nRUN chmod -x /run", "none"),
    ("COPY run /run\nRUN chmod +x /r*", "none"),
    ("WORKDIR /srv\nCOPY run .\nRUN chmod +x run .", "none"),
    ("COPY run /run\nRUN sed -i s/a/b/ /run\nRUN chmod +x /run", "none"),
    ("COPY run /srv/\nRUN cp -a /srv /old\nRUN chmod +x /srv/run", "none"),
    ("RUN chmod +x /run", "none"),
    ("COPY one two /bin/\nRUN chmod +x /bin/one", "none"),
    ("COPY run /run\nRUN chmod +x $RUN", "none"),
    ("COPY run /run\nRUN [ -f /run ] && chmod +x /run", None),
    ("COPY run /run\nRUN chmod +x /run || true", "safe"),
    ("COPY run /run\nRUN --mount=type=cache,target=/c chmod +x /run", "none"),
    ("COPY <<EOF /run\n#!/bin/sh\nEOF\nRUN chmod +x /run", "none"),
]


@pytest.mark.parametrize(("body", "fix"), JUDGED)
def test_who_may_move_a_mode_into_copy(body: str, fix: str | None):
    text = f"FROM a AS x\nFROM b\n{body}"
    found = [one for one in linted(text) if one.rule == "PA401"]
    assert [str(one.fix) for one in found] == ([fix] if fix else [])
    assert all(one.why_not for one in found if fix != "safe")


NOT_FOUND = [
    "FROM a\nCOPY run /run\nRUN chmod +x /run && /run",
    "FROM a\nRUN mkdir /x && chmod 777 /x",
    "FROM a\nRUN set -e; cd /x",
    "FROM a\nRUN chmod $(cat /mode) /x",
    "FROM a\nCOPY --chmod=755 run /run",
    # Not in the image, not emulated, not run.
    "FROM a AS x\nCOPY run /run\nRUN chmod +x /run\nFROM b\nCOPY --from=x /run /",
    "FROM --platform=$BUILDPLATFORM a\nCOPY run /run\nRUN chmod +x /run",
    "FROM a\nONBUILD RUN chmod +x /run",
]


@pytest.mark.parametrize("text", NOT_FOUND)
def test_what_does_more_or_is_not_emulated_is_not_found(text: str):
    assert told(text, "PA401") == []


def test_it_is_found_in_every_stage_of_the_image_and_for_other_machines_only():
    text = "FROM a AS x\nCOPY r /r\nRUN chmod 755 /r\nFROM x\nCOPY s /s\nRUN chmod 755 /s"
    assert told(text, "PA401") == ["PA401:3 perf safe", "PA401:6 perf safe"]
    (first, _) = [one for one in linted(text, AMD64, ARM64) if one.rule == "PA401"]
    assert first.platforms == (ARM64,)
    assert linted(text, AMD64) == ()


def test_an_old_frontend_knows_no_modes():
    body = "FROM a\nCOPY run /run\nRUN chmod 755 /run"
    assert told(f"# syntax=docker/dockerfile:1.1\n{body}", "PA401") == ["PA401:4 perf none"]
    assert told(f"# syntax=docker/dockerfile:1\n{body}", "PA401") == ["PA401:4 perf safe"]


def test_the_mode_of_a_file_at_hand_counts(tmp_path: Path):
    folder = ContextFolder(root=tmp_path)
    (tmp_path / "run").write_text("#!/bin/sh\n")
    text = "FROM a\nCOPY run /run\nRUN chmod +x /run"
    for mode, expected in ((0o644, "safe"), (0o755, "safe"), (0o600, "review")):
        (tmp_path / "run").chmod(mode)
        assert told(text, "PA401", folder=folder) == [f"PA401:3 perf {expected}"]
