"""Honest images, most of which look odd: none may have a finding."""

from tests.support.elf_files import (
    RELOCATABLE,
    dynamic,
    elf,
    library,
)
from tests.support.foreign_files import dotnet, efi, macho, pe, wasm
from tests.support.lying import ARM_V5, ARM_V6, Honest, based, musl, one
from tests.support.made_image import (
    PATH,
    Item,
    Made,
    file,
    folder,
    link,
    plain,
    whiteout,
)

HONEST = (
    *(
        Honest(name=f"static {machine}", made=one(elf(machine), platform))
        for machine, platform in (
            ("amd64", "linux/amd64"),
            ("amd64", "linux/amd64/v3"),
            ("arm64", "linux/arm64"),
            ("arm64", "linux/arm64/v9"),
            ("arm", "linux/arm/v7"),
            ("386", "linux/386"),
            ("ppc64le", "linux/ppc64le"),
            ("s390x", "linux/s390x"),
            ("riscv64", "linux/riscv64"),
            ("loong64", "linux/loong64"),
            ("mips64le", "linux/mips64le"),
        )
    ),
    Honest(
        name="Windows",
        made=Made(
            layers=[[
                file("Files/app/app.exe", pe("amd64")),
                file("Files/Windows/SysWOW64/x.exe", pe("386")),
            ]],
            platform="windows/amd64", entrypoint=["C:\\app\\app"],
        ),
    ),
    Honest(
        name="Windows, by a bare name", made=Made(platform="windows/amd64", command=["cmd"])
    ),
    Honest(name="v6 on v7", made=one(elf("arm", cpu=ARM_V6), "linux/arm/v7")),
    Honest(name="v5 on v6", made=one(elf("arm", cpu=ARM_V5, flags=0x200), "linux/arm/v6")),
    Honest(name="glibc", made=based(file("app", dynamic("amd64")), entrypoint=["/app"])),
    Honest(
        name="musl",
        made=Made(
            layers=[musl("arm64"), [file("app", dynamic("arm64", "libc.so", musl=True))]],
            platform="linux/arm64", entrypoint=["/app"],
        ),
    ),
    Honest(name="no program at all", made=Made(layers=[[plain("data/a.csv")]])),
    Honest(name="no layer at all", made=Made()),
    Honest(
        name="a library beside the program",
        made=based(
            file("srv/app", dynamic("amd64", "liba.so", runpath="${ORIGIN}/../lib")),
            file("lib/liba.so", library("amd64", "liba.so")),
            link("srv/x", "app"), folder("srv"), entrypoint=["/srv/x"],
        ),
    ),
    Honest(
        name="a library by RPATH of the program",
        made=based(
            file("app", dynamic("amd64", "liba.so", rpath="/srv/lib")),
            file("srv/lib/liba.so", library("amd64", "liba.so", "libb.so")),
            file("srv/lib/libb.so", library("amd64", "libb.so")), entrypoint=["/app"],
        ),
    ),
    Honest(
        name="a library by LD_LIBRARY_PATH",
        made=based(
            file("app", dynamic("amd64", "liba.so")),
            file("srv/lib/liba.so", library("amd64", "liba.so")), entrypoint=["/app"],
            env=[PATH, "LD_LIBRARY_PATH=/nowhere:/srv/lib"],
        ),
    ),
    Honest(
        name="one of two that fits",
        made=based(
            file("app", dynamic("amd64", "liba.so", runpath="/srv/lib32:/srv/lib")),
            file("srv/lib32/liba.so", library("386", "liba.so")),
            file("srv/lib/liba.so", library("amd64", "liba.so")), entrypoint=["/app"],
        ),
        allow=("/srv/lib32",),
    ),
    Honest(
        name="overwritten by the right one",
        made=Made(
            layers=[[file("app", elf("arm64"))], [file("app", elf("amd64"))]], entrypoint=["/app"]
        ),
    ),
    Honest(
        name="a foreign one that was removed",
        made=Made(
            layers=[[file("a/b", elf("arm64")), file("app", elf("amd64"))], [whiteout("a")]],
            entrypoint=["/app"],
        ),
    ),
    Honest(
        name="whiteout and new file in one layer",
        made=Made(
            layers=[[file("app", elf("arm64"))], [file("app", elf("amd64")), whiteout("app")]],
            entrypoint=["/app"],
        ),
    ),
    Honest(
        name="shell form that cannot be read",
        made=based(command=["/bin/sh", "-c", "cd /srv && ./start || exit 1"]),
    ),
    Honest(
        name="made for other machines",
        made=based(
            file("usr/lib/firmware/dsp.elf", elf("arm")),
            file("usr/bin/qemu-aarch64-static", elf("arm64")),
            file("usr/lib/arch-test/s390x", elf("s390x")),
            file("usr/lib/debug/.build-id/93/ac.debug", elf("amd64", padding=5000)[:2000]),
            file("usr/aarch64-linux-gnu/lib/libc.so.6", library("arm64", "libc.so.6")),
            file("usr/lib/i386-linux-gnu/libc.so.6", library("386", "libc.so.6")),
            file("usr/lib32/libc.so.6", library("386", "libc.so.6")),
            file("srv/node_modules/x/prebuilds/darwin-arm64/x.node", macho("arm64")),
            file("srv/node_modules/x/prebuilds/linux-arm/x.node", library("arm", "x")),
            file("srv/node_modules/@esbuild/linux-arm64/bin/esbuild", elf("arm64")),
            file("srv/node_modules/@img/sharp-linuxmusl-s390x/x.node", library("s390x", "x")),
            file("root/rustlib/aarch64-unknown-linux-gnu/libstd.so", library("arm64", "s")),
            file("usr/local/go/src/debug/elf/testdata/gcc-386", elf("386")),
            file("usr/local/go/pkg/tool/linux_arm64/compile", elf("arm64")),
            file("usr/lib/python3/site-packages/distlib/t64.exe", pe("amd64")),
            file("srv/app/App.dll", dotnet()),
            file("srv/node_modules/esbuild-wasm/esbuild.wasm", wasm()),
            file("usr/local/bin/module.wasm", wasm()),
            file("boot/efi/grubaa64.efi", efi("arm64")),
            file("srv/kernel.efi.signed", efi("arm64")),
            file("srv/gpu.cubin", elf("amd64", machine=190)),
            file("srv/probe.o", elf("amd64", machine=247, kind=RELOCATABLE), 0o644),
            plain("srv/Main.class", b"\xca\xfe\xba\xbe\0\0\0\x41" + bytes(50)),
            plain("srv/notes.txt", b"MZ is how it begins"),
            command=["sh"],
        ),
    ),
    Honest(
        name="what the user allows",
        made=based(file("srv/agents/agent", elf("arm64")), command=["sh"]),
        allow=("/srv/agents/**",),
    ),
    Honest(
        name="old AUFS marks and devices where they belong",
        made=Made(
            layers=[[
                Item(name=".wh..wh.aufs"), Item(name=".wh..wh.plnk/1.2"),
                Item(name="dev/null", kind=b"3"), Item(name="run/pipe", kind=b"6"),
            ]],
        ),
    ),
)  # fmt: skip
