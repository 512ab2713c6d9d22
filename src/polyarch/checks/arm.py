"""Which ARM a 32-bit program was compiled for: from its build attributes, or what Go wrote in it.

Sources: "Addenda to, and Errata in, the ABI for the Arm Architecture", build attributes; Go's
debug/buildinfo.
"""

from collections.abc import Iterator, Mapping

ATTRIBUTES_SECTION = 0x70000003
"""SHT_ARM_ATTRIBUTES."""

BUILDINFO_SECTION = b".go.buildinfo"
MAX_SECTION = 256 * 1024

_CPU_ARCH, _CPU_ARCH_PROFILE, _COMPATIBILITY = 6, 7, 32
_CPU_NAMES = frozenset({4, 5})
_FILE = 1

_VARIANTS: Mapping[int, str] = {
    **dict.fromkeys(range(1, 6), "v5"),  # v4, v4T, v5T, v5TE, v5TEJ
    **dict.fromkeys(range(6, 10), "v6"),  # v6, v6KZ, v6T2, v6K
    10: "v7",
    14: "v8",
    22: "v8",  # v9-A in 32 bits
}
_MICROCONTROLLERS = frozenset({11, 12, 13, 15, 16, 17, 21})
_GO_MAGIC = b"\xff Go buildinf:"
_GO_KEY = b"build\tGOARM="


def from_attributes(section: bytes) -> str:
    """`v5` to `v8`, `microcontroller`, or empty where the section does not tell."""
    found = dict(_file_attributes(section))
    number = found.get(_CPU_ARCH)
    if number is None:
        return ""
    if number in _MICROCONTROLLERS or found.get(_CPU_ARCH_PROFILE) in {ord("M"), ord("R")}:
        return "microcontroller"
    return _VARIANTS.get(number, "")


def from_buildinfo(section: bytes) -> str:
    """`v5`, `v6` or `v7` as GOARM was when Go (1.18 or newer) built the program."""
    if not section.startswith(_GO_MAGIC):
        return ""
    at = section.find(_GO_KEY) + len(_GO_KEY)
    digit = section[at : at + 1]
    return f"v{digit.decode()}" if at >= len(_GO_KEY) and digit in {b"5", b"6", b"7"} else ""


def _file_attributes(section: bytes) -> Iterator[tuple[int, int]]:
    """The numeric attributes of the whole file, as far as the section can be read."""
    vendor = section.find(b"aeabi\0")
    if section[:1] != b"A" or vendor < 0:
        return
    at = vendor + len(b"aeabi\0")
    if section[at : at + 1] != bytes([_FILE]):
        return
    at += 5
    while at < len(section):
        tag, at = _number(section, at)
        if tag == _COMPATIBILITY:
            _, at = _number(section, at)
        if tag in _CPU_NAMES or tag == _COMPATIBILITY or (tag > _COMPATIBILITY and tag % 2):
            end = section.find(b"\0", at)
            at = end + 1 if end >= 0 else len(section)
            continue
        value, at = _number(section, at)
        yield tag, value


def _number(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data):
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << min(shift, 63)
        shift += 7
        if byte < 0x80:  # noqa: PLR2004 - the last byte of a number has no high bit
            break
    return value, at
