"""A table of images that lie, each with what must be found."""

from tests.support.elf_files import (
    dynamic,
    elf,
    glibc_loader,
    library,
)
from tests.support.lying import Lie, based, musl, one
from tests.support.lying_headers import HEADERS, SWAPPED
from tests.support.made_image import (
    Made,
    file,
    folder,
    hard,
    link,
    opaque,
    plain,
    whiteout,
)

STARTS = (
    Lie(
        name="entrypoint is not there",
        made=based(entrypoint=["/server"]),
        found=(("entrypoint-missing", "/server", 0),),
    ),
    Lie(
        name="nothing at all in it",
        made=Made(layers=[], entrypoint=["/server"]),
        found=(("entrypoint-missing", "/server", 0),),
    ),
    Lie(
        name="a bare name that no folder of PATH has",
        made=based(file("opt/server", elf("amd64")), command=["server"]),
        found=(("entrypoint-missing", "", 0),),
    ),
    Lie(
        name="relative to another folder",
        made=based(file("srv/server", elf("amd64")), command=["./server"], working_dir="/app"),
        found=(("entrypoint-missing", "/app/./server", 0),),
    ),
    Lie(
        name="may not be executed",
        made=Made(layers=[[file("app", elf("amd64"), 0o644)]], entrypoint=["/app"]),
        found=(("entrypoint-not-executable", "/app", 1),),
    ),
    Lie(
        name="through three links and a script",
        made=based(
            link("run", "a/b"), link("a/b", "../c/d"), link("c/d", "/opt/start.sh"),
            file("opt/start.sh", b"#!/opt/interpreter -x\n"),
            file("opt/interpreter", elf("arm64")),
            entrypoint=["/run"],
        ),
        found=(("wrong-architecture", "/opt/interpreter", 2),),
    ),
    Lie(
        name="a script through env",
        made=based(
            file("start.sh", b"#!/usr/bin/env -S python3 -u\nprint()\n"),
            file("usr/local/bin/python3", elf("arm64")), entrypoint=["/start.sh"],
        ),
        found=(("wrong-architecture", "/usr/local/bin/python3", 2),),
    ),
    Lie(
        name="an interpreter that is not there",
        made=based(file("start.sh", b"#!/bin/bash\n"), entrypoint=["/start.sh"]),
        found=(("interpreter-missing", "/start.sh", 2), ("entrypoint-missing", "/bin/bash", 0)),
    ),
    Lie(
        name="line ends of Windows",
        made=based(file("start.sh", b"#!/bin/sh\r\necho\r\n"), entrypoint=["/start.sh"]),
        found=(("interpreter-missing", "/start.sh", 2), ("entrypoint-missing", "/bin/sh\\r", 0)),
    ),
    Lie(
        name="a text without a first line for the kernel",
        made=based(file("start.sh", b"echo hello\n"), entrypoint=["/start.sh"]),
        found=(("entrypoint-no-program", "/start.sh", 2),),
    ),
    Lie(
        name="shell form",
        made=based(file("srv/app", elf("arm64")), command=["/bin/sh", "-c", "exec /srv/app -x"]),
        found=(("wrong-architecture", "/srv/app", 2),),
    ),
    Lie(
        name="shell form, and not there",
        made=based(entrypoint=["/bin/sh", "-c", "A=b exec /srv/app --x"]),
        found=(("entrypoint-missing", "/srv/app", 0),),
    ),
    Lie(
        name="behind an init program",
        made=based(
            file("sbin/tini", elf("amd64")), file("srv/app", elf("arm64")),
            entrypoint=["/sbin/tini", "-g", "--"], command=["/srv/app"],
        ),
        found=(("wrong-architecture", "/srv/app", 2),),
    ),
    Lie(
        name="handed to a script",
        made=based(
            file("entry.sh", b'#!/bin/sh\nexec "$@"\n'), file("srv/app", elf("arm64")),
            entrypoint=["/entry.sh"], command=["/srv/app"],
        ),
        found=(("wrong-architecture", "/srv/app", 2),),
    ),
    Lie(
        name="links in a circle",
        made=Made(layers=[[link("app", "b"), link("b", "/app")]], entrypoint=["/app"]),
        found=(("entrypoint-missing", "/app", 0),),
    ),
)  # fmt: skip

LIBRARIES = (
    Lie(
        name="a library that is not there",
        made=based(file("app", dynamic("amd64", "libssl.so.3", "libc.so.6")), entrypoint=["/app"]),
        found=(("library-missing", "/app", 2),),
    ),
    Lie(
        name="a library of a library",
        made=based(
            file("app", dynamic("amd64", "liba.so")),
            file("usr/lib/liba.so", library("amd64", "liba.so", "libb.so")), entrypoint=["/app"],
        ),
        found=(("library-missing", "/usr/lib/liba.so", 2),),
    ),
    Lie(
        name="a library of another machine in a folder of all",
        made=based(
            file("app", dynamic("amd64", "liba.so")),
            file("lib/liba.so", library("arm64", "liba.so")), entrypoint=["/app"],
        ),
        found=(("wrong-architecture", "/usr/lib/liba.so", 2),),
    ),
    Lie(
        name="a library of another machine, where it is looked for",
        made=based(
            file("app", dynamic("amd64", "liba.so", runpath="$ORIGIN/lib:/nowhere")),
            file("srv/lib/liba.so", library("arm64", "liba.so")),
            hard("srv/app", "app"), entrypoint=["/srv/app"],
        ),
        found=(("wrong-architecture", "/srv/lib/liba.so", 2),),
    ),
    Lie(
        name="musl's loader in an image of glibc",
        made=based(file("app", dynamic("amd64", "libc.so", musl=True)), entrypoint=["/app"]),
        found=(("loader-missing", "/app", 2),),
    ),
    Lie(
        name="glibc's loader in an image of musl",
        made=Made(layers=[musl("amd64"), [file("app", dynamic("amd64"))]], entrypoint=["/app"]),
        found=(("loader-missing", "/app", 2),),
    ),
    Lie(
        name="a dynamic program on nothing",
        made=one(dynamic("arm64"), "linux/arm64"),
        found=(("loader-missing", "/app", 1),),
    ),
    Lie(
        name="a loader of another machine",
        made=Made(
            layers=[[file("lib64/ld-linux-x86-64.so.2", library("arm64", "ld")), file("app", elf(
                "amd64", interpreter=glibc_loader("amd64")))]], entrypoint=["/app"],
        ),
        found=(("wrong-architecture", "/lib64/ld-linux-x86-64.so.2", 1),),
    ),
)  # fmt: skip

LAYERED = (
    Lie(
        name="a whiteout takes the program away",
        made=Made(
            layers=[[file("app", elf("amd64"))], [whiteout("app")]], entrypoint=["/app"],
            steps=["COPY app /app", "RUN rm /app"],
        ),
        found=(("entrypoint-missing", "/app", 0),),
    ),
    Lie(
        name="an opaque folder hides it",
        made=Made(
            layers=[[file("srv/app", elf("amd64"))], [opaque("srv"), plain("srv/other")]],
            entrypoint=["/srv/app"],
        ),
        found=(("entrypoint-missing", "/srv/app", 0),),
    ),
    Lie(
        name="the program of another machine only in a lower layer",
        made=Made(
            layers=[[file("app", elf("arm64"))], [plain("etc/config")]], entrypoint=["/app"]
        ),
        found=(("wrong-architecture", "/app", 1),),
    ),
    Lie(
        name="overwritten by one of another machine",
        made=Made(
            layers=[[file("app", elf("amd64"))], [file("app", elf("arm64"))]],
            entrypoint=["/app"], steps=["COPY app /", "COPY other /app"],
        ),
        found=(("wrong-architecture", "/app", 2),),
    ),
    Lie(
        name="a hard link across layers",
        made=Made(
            layers=[[file("a/b", elf("arm64"))], [hard("app", "a/b"), whiteout("a")]],
            entrypoint=["/app"],
        ),
        found=(("wrong-architecture", "/app", 2),),
    ),
    Lie(
        name="through a link of a lower layer",
        made=Made(
            layers=[[folder("usr/bin"), link("bin", "usr/bin")], [file("bin/app", elf("arm64"))]],
            command=["app"],
        ),
        found=(("wrong-architecture", "/usr/bin/app", 2),),
    ),
)  # fmt: skip

BESIDE = (
    Lie(
        name="a program in PATH",
        made=based(file("usr/local/bin/tool", elf("arm64")), command=["sh"]),
        found=(("wrong-architecture", "/usr/local/bin/tool", 2),),
    ),
    Lie(
        name="a library where loaders look",
        made=based(
            file("opt/extra/lib/liba.so", library("arm64", "liba.so"), 0o644), command=["sh"]
        ),
        found=(("wrong-architecture", "/opt/extra/lib/liba.so", 2),),
    ),
    Lie(
        name="a plugin for another machine",
        made=based(
            file(
                "usr/lib/python3/site-packages/_x.cpython-312-aarch64-linux-gnu.so",
                library("arm64", "x"), 0o644,
            ),
            command=["sh"],
        ),
        found=(
            ("wrong-architecture",
             "/usr/lib/python3/site-packages/_x.cpython-312-aarch64-linux-gnu.so", 2),
        ),
    ),
    Lie(
        name="a program anywhere",
        made=based(file("srv/tool", elf("arm64")), command=["sh"]),
        found=(("wrong-architecture", "/srv/tool", 2),),
    ),
    Lie(
        name="other bytes than the config says",
        made=based(command=["sh"], diff_ids=["sha256:" + "0" * 64] * 2),
        found=(("layer-diff-id", "", 1), ("layer-diff-id", "", 2)),
    ),
)  # fmt: skip

LIES = (*SWAPPED, *HEADERS, *STARTS, *LIBRARIES, *LAYERED, *BESIDE)
