"""What `--fix=review` makes of owners that a RUN gives, and where it leaves them."""

import pytest

from polyarch.dockerfile.lint.finding import FixClass
from polyarch.dockerfile.lint.folder import ContextFolder
from tests.support.linted import linted, told
from tests.support.mending import mend, mend_twice

MOVES = [
    ("COPY e.sh /e.sh\nRUN chown 1:2 /e.sh\n", "COPY --chown=1:2 e.sh /e.sh\n"),
    (
        "RUN adduser -D me\nCOPY e.sh /e.sh\nRUN chown me:me /e.sh\nUSER me\n",
        "RUN adduser -D me\nCOPY --chown=me:me e.sh /e.sh\nUSER me\n",
    ),
    ("COPY e.sh /\nRUN chown root:root e.sh && true\n", "COPY --chown=root:root e.sh /\n"),
    (
        "WORKDIR /a\nCOPY e.sh f.py ./\nRUN set -ex; cd /a; chown 1:1 e.sh f.py\nCMD e.sh\n",
        "WORKDIR /a\nCOPY --chown=1:1 e.sh f.py ./\nCMD e.sh\n",
    ),
    (
        "COPY e.sh /e.sh\nRUN chmod +x /e.sh && chown 1:2 /e.sh\n",
        "COPY --chown=1:2 --chmod=0755 e.sh /e.sh\n",
    ),
    (
        "COPY --chmod=644 e.sh /e.sh\nRUN chown 1:2 /e.sh && \\\n  chmod 0500 /e.sh\n",
        "COPY --chmod=0500 --chown=1:2 e.sh /e.sh\n",
    ),
    (
        "COPY --from=x --chown=3 /e.sh /e.sh\nRUN chown 1:2 /e.sh\n",
        "COPY --from=x --chown=1:2 /e.sh /e.sh\n",
    ),
    (
        "COPY e.sh /e.sh\nCOPY f.sh /f.sh\nRUN chown a:b /e.sh\nRUN chown a:b /f.sh\n",
        "COPY --chown=a:b e.sh /e.sh\nCOPY --chown=a:b f.sh /f.sh\n",
    ),
    (
        "COPY e.sh /e.sh\nRUN chown 1:2 /e.sh\nRUN chmod +x /e.sh\n",
        "COPY --chmod=0755 --chown=1:2 e.sh /e.sh\n",
    ),
    (
        "COPY --link e.sh /e.sh\nRUN chown 1:2 /e.sh\n",
        "COPY --link --chown=1:2 e.sh /e.sh\n",
    ),
    (
        "COPY e.sh /usr/local/bin/\nRUN chown 1:2 /usr/local/bin/e.sh\n",
        "COPY --chown=1:2 e.sh /usr/local/bin/\n",
    ),
    (
        "COPY f.sh /app/\nCOPY e.sh /app/\nRUN chown 1:2 /app/e.sh\n",
        "COPY f.sh /app/\nCOPY --chown=1:2 e.sh /app/\n",
    ),
]


@pytest.mark.parametrize(("before", "after"), MOVES)
def test_copy_gives_the_owner(before: str, after: str):
    assert mend_twice(f"FROM alpine\n{before}", FixClass.REVIEW).text == f"FROM alpine\n{after}"


def test_nobody_is_given_a_file_without_a_look():
    text = "FROM alpine\nCOPY e.sh /\nRUN chown 1:2 /e.sh\n"
    assert mend(text).text == text


STAYS = [
    "COPY e.sh /app/\nRUN chown 1:2 /app/e.sh\n",
    "COPY e.sh bin/\nRUN chown 1:2 bin/e.sh\n",
    "COPY e.sh /e.sh\nRUN chown me /e.sh\n",
    "COPY e.sh /e.sh\nRUN chown me: /e.sh\n",
    "COPY e.sh /e.sh\nRUN chown :me /e.sh\n",
    "COPY e.sh /e.sh\nRUN chown me.me /e.sh\n",
    "COPY e.sh /e.sh\nRUN chown -R 1:2 /e.sh\n",
    "COPY e.sh /e.sh\nRUN chown -h 1:2 /e.sh\n",
    "COPY e.sh /e.sh\nRUN chown 1:2 /e.sh || true\n",
    "COPY e.sh /e.sh\nRUN chown 1:2 /e.sh | true\n",
    "COPY e.sh /e.sh\nRUN if true; then chown 1:2 /e.sh; fi\n",
    "COPY e.sh /e.sh\nRUN chown 1:2 /e.sh && touch /x\n",
    "COPY e.sh /e.sh\nRUN chown 1:2 /e.sh > /log\n",
    'COPY e.sh /e.sh\nRUN ["chown", "1:2", "/e.sh"]\n',
    "COPY e.sh /e.sh\nRUN --network=none chown 1:2 /e.sh\n",
    "ARG O=1:2\nCOPY e.sh /e.sh\nRUN chown $O /e.sh\n",
    "ARG S=e.sh\nCOPY $S /e.sh\nRUN chown 1:2 /e.sh\n",
    "COPY app /app\nRUN chown 1:2 /app\n",
    "COPY conf.d /etc/conf.d\nRUN chown 1:2 /etc/conf.d\n",
    "COPY e.sh /app\nRUN chown 1:2 /app\n",
    "WORKDIR /app\nCOPY . /app\nRUN chown 1:2 /app/e.sh\n",
    "WORKDIR /app\nCOPY *.sh /app/\nRUN chown 1:2 /app/e.sh\n",
    "WORKDIR /app\nCOPY e.sh f.sh /app/\nRUN chown 1:2 /app/e.sh\n",
    "WORKDIR /app\nCOPY e.sh f.sh /app/\nRUN chown 1:2 /app/e.sh /app/f.sh && chmod +x /app/e.sh\n",
    "WORKDIR /app\nCOPY e.sh /app/\nCOPY f.sh /app/\nRUN chown 1:2 /app/e.sh /app/f.sh\n",
    "COPY e.sh /e.sh\nRUN chown 1:2 /e.sh && chown 2:1 /e.sh\n",
    "COPY e.sh /e.sh\nRUN chown 1:2 /e.sh && chmod g=u /e.sh\n",
    "COPY e.sh /e.sh\nRUN adduser -D me\nRUN chown me:me /e.sh\n",
    "COPY e.sh /e.sh\nRUN ./setup\nRUN chown 1:2 /e.sh\n",
    "WORKDIR /a\nCOPY e.sh /a/e.sh\nRUN chown -R 3:3 .\nRUN chown 1:2 /a/e.sh\n",
    "COPY e.sh /e.sh\nCOPY passwd /etc/passwd\nRUN chown me:me /e.sh\n",
    "COPY e.sh /e.sh\nCOPY root/ /\nRUN chown me:me /e.sh\n",
    "COPY e.sh /e.sh\nCOPY etc /etc\nRUN chown me:me /e.sh\n",
    "COPY --link e.sh /e.sh\nRUN chown me:me /e.sh\n",
    "COPY --parents a/e.sh /\nRUN chown 1:2 /e.sh\n",
    "ADD https://example.com/e.sh /e.sh\nRUN chown 1:2 /e.sh\n",
    "RUN chown 1:2 /etc/hosts.allow\n",
]


@pytest.mark.parametrize("body", STAYS)
def test_owners_that_copy_gives_otherwise_stay(body: str):
    text = f"FROM alpine\n{body}"
    assert mend(text, FixClass.REVIEW).text == text
    assert not [one for one in told(text, "PA402") if not one.endswith(" info none")]


def test_folders_that_an_unknown_base_may_lack_are_not_made_by_copy():
    text = "FROM busybox\nCOPY e.sh /usr/local/bin/\nRUN chown 1:2 /usr/local/bin/e.sh\n"
    assert mend(text, FixClass.REVIEW).text == text


def test_a_frontend_without_the_flag_gets_none():
    text = "FROM alpine\nCOPY e.sh /e.sh\nRUN chown 1:2 /e.sh && chmod 755 /e.sh\n"
    assert told(text, "PA402") == ["PA402:3 info review"]
    assert told(f"# syntax=docker/dockerfile:1.1\n{text}", "PA402") == ["PA402:4 info none"]


def test_triggers_are_left_to_where_they_stand():
    text = "FROM a AS x\nONBUILD COPY e.sh /e.sh\nONBUILD RUN chown 1:2 /e.sh\nFROM x\n"
    assert mend(text, FixClass.REVIEW).text == text


def test_the_context_tells_files_from_folders(tmp_path):
    (tmp_path / "tool").write_text("")
    (tmp_path / "x.sh").mkdir()
    found = linted(
        "FROM a\nCOPY tool /bin/\nCOPY x.sh /x.sh\nRUN chown 1:2 /bin/tool\nRUN chown 1:2 /x.sh",
        folder=ContextFolder(root=tmp_path),
    )
    assert [str(one.fix) for one in found if one.rule == "PA402"] == ["review", "none"]
