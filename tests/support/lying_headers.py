"""Images whose one program is not what the image says."""

from tests.support.elf_files import (
    BIG,
    RELOCATABLE,
    elf,
)
from tests.support.foreign_files import macho, macho_fat, pe, wasm
from tests.support.lying import ARM_V6, ARM_V7, ARM_V8, Lie, one
from tests.support.made_image import Made, file

SWAPPED = tuple(
    Lie(
        name=f"{machine} as {platform}",
        made=one(elf(machine), platform),
        found=(("wrong-architecture", "/app", 1),),
    )
    for machine, platform in (
        ("amd64", "linux/arm64"),
        ("arm64", "linux/amd64"),
        ("386", "linux/amd64"),
        ("amd64", "linux/386"),
        ("arm", "linux/arm64"),
        ("arm64", "linux/arm/v7"),
        ("ppc64", "linux/ppc64le"),
        ("ppc64le", "linux/s390x"),
        ("riscv64", "linux/loong64"),
        ("loong64", "linux/riscv64"),
        ("amd64", "linux/mips64le"),
    )
)

HEADERS = (
    Lie(
        name="variants swapped",
        made=one(elf("arm", cpu=ARM_V7), "linux/arm/v6"),
        found=(("wrong-variant", "/app", 1),),
    ),
    Lie(
        name="v6 in v5",
        made=one(elf("arm", cpu=ARM_V6), "linux/arm/v5"),
        found=(("wrong-variant", "/app", 1),),
    ),
    Lie(
        name="v8 in v7",
        made=one(elf("arm", cpu=ARM_V8), "linux/arm/v7"),
        found=(("wrong-variant", "/app", 1),),
    ),
    Lie(
        name="big-endian arm64",
        made=one(elf("arm64", order=BIG), "linux/arm64"),
        found=(("wrong-architecture", "/app", 1),),
    ),
    Lie(
        name="x86-64 that says it is big-endian",
        made=one(elf("amd64", order=BIG)),
        found=(("program-damaged", "/app", 1),),
    ),
    Lie(
        name="x32", made=one(elf("amd64", bits=32)), found=(("wrong-architecture", "/app", 1),)
    ),
    Lie(
        name="ELFv1 that is little-endian",
        made=one(elf("ppc64le", flags=1), "linux/ppc64le"),
        found=(("wrong-architecture", "/app", 1),),
    ),
    Lie(
        name="mips of the wrong width",
        made=one(elf("mips64le", bits=32), "linux/mips64le"),
        found=(("wrong-architecture", "/app", 1),),
    ),
    Lie(
        name="a program of FreeBSD",
        made=one(elf("amd64", osabi=9)),
        found=(("wrong-system", "/app", 1),),
    ),
    Lie(
        name="cut off in its header", made=one(elf("amd64")[:40]),
        found=(("program-damaged", "/app", 1),),
    ),
    Lie(
        name="cut off in the middle", made=one(elf("amd64", padding=5000)[:-4000]),
        found=(("program-damaged", "/app", 1),),
    ),
    Lie(
        name="Mach-O", made=one(macho("arm64"), "linux/arm64"),
        found=(("wrong-system", "/app", 1),),
    ),
    Lie(
        name="fat Mach-O", made=one(macho_fat("amd64", "arm64")),
        found=(("wrong-system", "/app", 1),),
    ),
    Lie(
        name="a program of Windows for another machine",
        made=Made(
            layers=[[file("Files/app/app.exe", pe("amd64"))]], platform="windows/arm64",
            entrypoint=["C:\\app\\app.exe"],
        ),
        found=(("wrong-architecture", "/Files/app/app.exe", 1),),
    ),
    Lie(name="PE", made=one(pe("amd64")), found=(("wrong-system", "/app", 1),)),
    Lie(name="WebAssembly", made=one(wasm()), found=(("wrong-architecture", "/app", 1),)),
    Lie(
        name="an object file is no program",
        made=one(elf("arm64", kind=RELOCATABLE)),
        found=(("wrong-architecture", "/app", 1),),
    ),
)  # fmt: skip
