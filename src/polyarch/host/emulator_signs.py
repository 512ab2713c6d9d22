"""Why programs of a platform may not run on this machine, in few words, for errors."""

from collections.abc import Mapping

from polyarch.host.emulation import read_machine
from polyarch.host.tools import knows_registration
from polyarch.oci.platform import Platform


def missing_sign(platform: Platform, environment: Mapping[str, str]) -> str:
    """Why the kernel does not start programs of `platform`; empty where it should."""
    machine = read_machine(environment)
    if machine.platform.os != "linux" or machine.runs_natively(platform):
        return ""
    architecture = platform.architecture
    entries = [each for each in machine.entries if each.architecture == architecture]
    if not machine.binfmt:
        return "the kernel's binfmt_misc is not mounted, or switched off: lost at a reboot?"
    if entries and not any(each.enabled for each in entries):
        return f"the entry `{entries[0].name}` of binfmt_misc is switched off"
    if entries and not any(each.fixed for each in entries):
        return f"`{entries[0].interpreter}` is registered without flag F: not in containers"
    if entries:
        return ""
    if architecture in machine.programs or knows_registration(architecture):
        return "QEMU is installed here and not registered: binfmt_misc lost it at a reboot?"
    return "no emulator for it is installed or registered here"


def qemu_here(platform: Platform, environment: Mapping[str, str]) -> str:
    """The version of the QEMU that runs such programs here; empty where none is known."""
    machine = read_machine(environment).with_versions(environment, [platform])
    emulator = machine.emulator_for(platform)
    return emulator.version if emulator else ""
