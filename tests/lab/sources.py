"""Real C programs, as their authors published them, from Debian's source packages."""

from functools import partial
from pathlib import Path

from tests.lab.cache import keyed, make_once, work_folder
from tests.lab.commands import run
from tests.lab.debian import Apt, own_mirror, separate_apt
from tests.lab.reasons import Missing
from tests.lab.roots import SUITE

# figlet: a plain Makefile and ten C files. hello: GNU's, with autoconf's configure.
PROGRAMS = ("figlet", "hello")


def source_place(program: str) -> Path:
    """Return the folder of a program's unpacked source; `fetch_sources` makes it."""
    return keyed(f"source-{program}", SUITE, program)


def fetch_sources() -> None:
    """Fetch what is not there yet.

    Raises:
        Missing: This machine names no Debian mirror.
    """
    wanted = [program for program in PROGRAMS if not source_place(program).exists()]
    if not wanted:
        return
    with separate_apt([own_mirror().line(SUITE, kind="deb-src")]) as apt:
        for program in wanted:
            make_once(source_place(program), partial(_fetch, apt, program))


def _fetch(apt: Apt, program: str, folder: Path) -> None:
    with work_folder() as work:
        archive = next(x for x in apt.download_source(program, work) if _is_source(x))
        unpack = ("tar", "--extract", "--strip-components=1", "--no-same-owner")
        run(*unpack, "-f", archive, "-C", folder)
        (folder / ".version").write_text(archive.name.split("_")[1].split(".orig")[0])


def _is_source(path: Path) -> bool:
    return ".orig.tar." in path.name and not path.name.endswith(".asc")


def source(program: str) -> Path:
    """Return the folder of a program's source, not to be written to.

    Raises:
        Missing: The set-up has not fetched it.
    """
    place = source_place(program)
    if not place.exists():
        raise Missing(f"no source of `{program}` here", "run `python -m tests.lab setup`")
    return place
