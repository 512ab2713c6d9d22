"""From an image's config to a command that can be started, or the reason why it cannot."""

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass

from polyarch.runtimes.accounts import Account, account_of
from polyarch.runtimes.advice import HINTS
from polyarch.runtimes.base import HeldImage, Launch
from polyarch.runtimes.emulators import processor
from polyarch.runtimes.outcome import Outcome, Reason, Status
from polyarch.runtimes.preparing import add_name_files, folder_for
from polyarch.runtimes.program import DEFAULT_PATH, Command, ProgramCheck


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A command that cannot be started, as the outcome that it has."""

    outcome: Outcome


class Starter:
    """Makes launches for one image; lays what each runtime gives a container into its folder."""

    def __init__(self, image: HeldImage, variables: Mapping[str, str]) -> None:
        self._image = image
        config = image.unpacked.config
        root = image.unpacked.root
        self._account = account_of(config.user, root)
        wanted = posixpath.normpath(posixpath.join("/", config.working_dir))
        self._working_dir = folder_for(root, wanted)
        add_name_files(root, network=image.network)
        played = processor(image.platform) if image.how == "emulated" else {}
        self._added = {**played, **variables}

    def launch(self, command: tuple[str, ...] | None) -> Launch | Refused:
        """What starts; None is the image's own entrypoint with its command."""
        config = self._image.unpacked.config
        arguments = config.entrypoint + config.command if command is None else command
        if not arguments or not arguments[0]:
            message = "the image has neither entrypoint nor command"
            return _refused(Reason.NO_COMMAND, message, "name the command to run", ())
        if self._account is None:
            message = f"the image has no user `{config.user}`"
            return _refused(Reason.COMMAND_NOT_FOUND, message, "make the user in it", arguments)
        if self._working_dir is None:
            message = f"its working directory `{config.working_dir}` is no folder"
            return _refused(Reason.COMMAND_NOT_FOUND, message, "mend WORKDIR", arguments)
        return self._checked(arguments, self._account, self._working_dir, own=command is None)

    def is_java(self, chain: tuple[str, ...]) -> bool:
        """Whether a Java virtual machine is likely to be what runs."""
        names = {posixpath.basename(path) for path in chain}
        variables = self._image.unpacked.config.environment
        return "java" in names or any(each.startswith("JAVA_HOME=") for each in variables)

    def _checked(
        self, arguments: tuple[str, ...], account: Account, working_dir: str, *, own: bool
    ) -> Launch | Refused:
        variables = self._variables(account)
        check = ProgramCheck(
            root=self._image.unpacked.root,
            platform=self._image.platform,
            account=account,
            working_dir=working_dir,
            variables=variables,
            rights=self._image.unpacked.rights,
        )
        found = check.look_at(arguments)
        if not isinstance(found, Command):
            return _refused(found.reason, found.message, HINTS.get(found.reason, ""), arguments)
        return Launch(
            arguments=arguments,
            own=own,
            variables=variables,
            added=self._added,
            working_dir=working_dir,
            account=account,
            chain=found.chain,
        )

    def _variables(self, account: Account) -> dict[str, str]:
        """The image's own, and what every runtime adds where they lack it."""
        own = dict(
            each.partition("=")[::2]
            for each in self._image.unpacked.config.environment
            if "=" in each and not each.startswith("=")
        )
        given = {"PATH": DEFAULT_PATH, "HOSTNAME": "polyarch-smoke", "HOME": account.home or "/"}
        return {**given, **own, **self._added}


def _refused(reason: Reason, message: str, hint: str, command: tuple[str, ...]) -> Refused:
    return Refused(
        outcome=Outcome(
            status=Status.FAILED, reason=reason, command=command, message=message, hint=hint
        )
    )
