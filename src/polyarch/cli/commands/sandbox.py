"""`polyarch sandbox`: registries on loopback, until stopped."""

import signal
import sys
import threading
from pathlib import Path

import click

from polyarch.cli import options
from polyarch.cli.documents import print_document
from polyarch.cli.environment import Surroundings
from polyarch.cli.invocation import Invocation
from polyarch.cli.projects import find_project
from polyarch.cli.verb import Verb
from polyarch.errors import UsageError
from polyarch.runs.folder import state_folder

SCHEMA = "polyarch.sandbox/v1"
LONE = "sandbox"
NO_LOGIN = "none"
_LOOK_UP_S = 3600


@click.command("sandbox", cls=Verb)
@click.argument("hosts", nargs=-1, metavar="[HOST]...")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    metavar="N",
    help="First port; the next registries follow.",
)
@click.option("--memory", is_flag=True, help="Keep nothing when it stops.")
@click.option(
    "--auth",
    type=click.Choice([NO_LOGIN, "basic", "bearer"]),
    default=NO_LOGIN,
    help="Which login to ask for.",
)
@click.option("--user", default="sandbox", metavar="NAME", help="The user's name for --auth.")
@click.option(
    "--password-env", metavar="VARIABLE", help="The variable that holds the password for --auth."
)
@options.project
@options.output
@click.pass_obj
def command(
    surroundings: Surroundings,
    *,
    hosts: tuple[str, ...],
    port: int,
    memory: bool,
    auth: str,
    user: str,
    password_env: str | None,
    config_file: Path | None,
    environment: str | None,
    as_json: bool,
    quiet: bool,
) -> int:
    r"""Run whole OCI registries on this machine's loopback until Ctrl-C.

    In a project there is one for each registry that it publishes to, with what
    `polyarch publish --sandbox` left there. Prints which address stands for which host.

    \b
      polyarch sandbox
      polyarch sandbox --port 5000 --memory
      docker pull 127.0.0.1:5000/team/app:main
    """
    from polyarch.pipeline.diagnosis_registries import unique_registries
    from polyarch.pipeline.sandboxes import Login, sandboxes

    invocation = Invocation(surroundings=surroundings, as_json=as_json, quiet=quiet)
    project = find_project(surroundings, config_file, environment)
    known = [each.registry for each in unique_registries(project)] if project else []
    state = state_folder(project.root if project else None, surroundings.state_home)
    password = _password(surroundings, auth, password_env)
    with sandboxes(
        hosts or known or (LONE,),
        state=None if memory else state,
        port=port,
        login=Login(kind=auth, username=user, password=password),
    ) as addresses:
        stopped = _listen()
        _tell(addresses, invocation)
        while not stopped.wait(timeout=_LOOK_UP_S):
            pass
    return 0


def _password(surroundings: Surroundings, auth: str, password_env: str | None) -> str:
    password = surroundings.environment.get(password_env or "", "")
    if auth != NO_LOGIN and not password:
        raise UsageError(
            f"`--auth {auth}` needs a password, and the variable that holds it is not set",
            where="the command line",
            hint="export it, and name it with `--password-env VARIABLE`",
        )
    return password


def _tell(addresses: dict[str, str], invocation: Invocation) -> None:
    registries = [{"host": host, "address": address} for host, address in addresses.items()]
    if invocation.as_json:
        print_document({"schema": SCHEMA, "registries": registries})
    else:
        width = max(len(host) for host in addresses)
        for host, address in addresses.items():
            print(f"{host:<{width}}  http://{address}")
    sys.stdout.flush()
    invocation.hint("Ctrl-C stops it")


def _listen() -> threading.Event:
    """Ctrl-C and SIGTERM are how this verb ends well; whoever reads an address may send one."""
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stopped.set())
    return stopped
