import pytest

from polyarch.checks.words import Inner, inner_command, script_command


@pytest.mark.parametrize(
    ("words", "inner"),
    [
        (("/bin/sh", "-c", "/srv/app --port 80"), ("/srv/app", "--port", "80")),
        (("sh", "-c", "exec app"), ("app",)),
        (("bash", "-ec", "A=1 B=2 exec ./app"), ("./app",)),
        (("sh", "-lc", "npm start"), ("npm", "start")),
        (("bash", "-e", "-o", "pipefail", "-c", "app"), ("app",)),
        (("bash", "-euo", "pipefail", "-c", "app"), ("app",)),
        (("bash", "--norc", "--rcfile", "x", "-c", "app"), ("app",)),
        (("busybox", "sh", "-c", "app"), ("app",)),
        (("/usr/bin/env", "python3", "-u"), ("python3", "-u")),
        (("env", "-i", "-u", "X", "A=1", "app"), ("app",)),
        (("env", "-S", "python3 -u", "x"), ("python3", "-u", "x")),
        (("env", "-Spython3 -u"), ("python3", "-u")),
        (("env", '-S"python3" -u'), ("python3", "-u")),
        (("env", "-S", "'/opt/my app' -u"), ("/opt/my app", "-u")),
        (("/sbin/tini", "-g", "--", "/app", "-x"), ("/app", "-x")),
        (("tini", "-p", "SIGTERM", "app"), ("app",)),
        (("dumb-init", "--rewrite", "15:3", "app"), ("app",)),
    ],
)
def test_what_is_started_for_certain(words, inner):
    assert inner_command(words) == Inner(words=inner, certain=True)


@pytest.mark.parametrize(
    ("text", "first"),
    [("app | tee log", "app"), ("app && other", "app"), ("app > log", "app"), ("app $HOME", "app")],
)
def test_what_may_be_started(text, first):
    inner = inner_command(("/bin/sh", "-c", text))
    assert inner
    assert (inner.words[0], inner.certain) == (first, False)


@pytest.mark.parametrize(
    "words",
    [
        ("/app",),
        ("sh", "/start.sh"),
        ("sh", "/start.sh", "-c", "/etc/app.conf"),
        ("bash", "--", "start.sh", "-c", "app"),
        ("sh", "-s", "-c"),
        ("busybox", "httpd", "-f", "-c", "/etc/httpd.conf"),
        ("busybox", "sh", "/start.sh", "-c", "app"),
        ("busybox",),
        ("bash", "-c", "pushd /srv"),
        ("env", '-S"unclosed'),
        ("env", "-S${APP} -u"),
        ("sh", "-c", "cd /srv && ./app"),
        ("sh", "-c", "$APP --x"),
        ("sh", "-c", "[ -f x ] && app"),
        ("sh", "-c", ""),
        ("sh", "-c"),
        ("env", "A=1"),
        ("tini", "--"),
        ("python3", "app.py"),
        (),
    ],
)
def test_what_starts_nothing_that_is_known(words):
    assert inner_command(words) is None


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("#!/bin/sh", ("/bin/sh",)),
        ("#! /bin/sh -e -x ", ("/bin/sh", "-e -x")),
        ("#!/usr/bin/env\tpython3", ("/usr/bin/env", "python3")),
        ("#!/bin/sh\r", ("/bin/sh\r",)),
        ("#!", ("",)),
    ],
)
def test_the_first_line_of_a_script(line, words):
    assert script_command(line) == words
