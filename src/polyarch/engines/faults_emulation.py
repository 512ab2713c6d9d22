"""Faults of emulation: no emulator where one is needed, and what QEMU itself is known for.

Texts are those of linux-user/{main,signal,syscall,elfload}.c of QEMU 7.2 and of the pages named.
"""

from polyarch.engines.fault import Fault, known_fault

_ISSUES = "https://github.com"


def _qemu(
    code: str,
    pattern: str,
    problem: str,
    hint: str,
    *,
    if_emulated: bool = False,
    mended_in: str = "",
    source: str = "",
) -> Fault:
    plain = known_fault(code, pattern, problem, hint, "qemu", in_steps=True)
    return Fault(
        code=plain.code,
        pattern=plain.pattern,
        problem=plain.problem,
        hint=plain.hint,
        kind="qemu",
        in_steps=True,
        if_emulated=if_emulated,
        mended_in=mended_in,
        source=f"{_ISSUES}/{source}" if source else "",
    )


EMULATION_FAULTS: tuple[Fault, ...] = (
    known_fault(
        "emulator-missing",
        r"exec format error",
        "a program of another platform was to be executed",
        "a program in the image, or the base image itself, is for another platform",
        "emulator",
        in_steps=True,
    ),
    _qemu(
        "qemu-no-loader",
        r"qemu-[\w-]+: Could not open '/(lib|usr|system)[^']*'",
        "a program of this platform was started where its libraries are not",
        "start it in a stage of the target platform, add the platform's libc to the stage (Debian: "
        "`dpkg --add-architecture arm64 && apt-get install libc6:arm64`), or link it statically; "
        "a program linked with glibc does not start on Alpine",
        source="uraimo/run-on-arch-action/issues/35",
    ),
    _qemu(
        "qemu-old-go-program",
        r"failed to create new OS thread .*errno=22",
        "a program built with an old Go cannot start threads under QEMU",
        "build it again with a newer Go (1.8 and older are known for it)",
        source="docker/buildx/issues/1046",
    ),
    _qemu(
        "qemu-go-exec",
        r"fork/exec \S+: invalid argument",
        "Go 1.23 cannot start other programs under QEMU 7.2",
        "newer releases of Go work around it; QEMU before 7.2 does not have it",
        if_emulated=True,
        mended_in="8.0",
        source="golang/go/issues/69259",
    ),
    _qemu(
        "qemu-openj9",
        r"Port Library failed to initialize",
        "OpenJ9 does not start under QEMU 6.1.0",
        "QEMU 6.0 does not have the fault; HotSpot virtual machines start",
        if_emulated=True,
        source="tonistiigi/binfmt/issues/72",
    ),
    _qemu(
        "qemu-jvm",
        r"A fatal error has been detected by the Java Runtime|hs_err_pid\d+\.log",
        "a Java virtual machine crashed under QEMU",
        "compile in a `FROM --platform=$BUILDPLATFORM` stage: class files run on every platform; "
        "QEMU 8.1.0 is known for it",
        if_emulated=True,
        source="felixonmars/archriscv-packages/pull/3211",
    ),
    _qemu(
        "qemu-large-inodes",
        r"Value too large for defined data type",
        "a 32-bit program under QEMU cannot read folders of a file system with 64-bit numbers",
        "give the folder a file system of its own, as `RUN --mount=type=tmpfs,"
        "target=/usr/local/cargo/registry …` does for cargo, or cross-compile",
        if_emulated=True,
        source="rust-lang/cargo/issues/8719",
    ),
    _qemu(
        "qemu-illegal-instruction",
        r"uncaught target signal 4\b|\bIllegal instruction\b|exit (code|status):? 132\b",
        "QEMU does not know an instruction that a program of this platform used",
        "newer Node.js is known for it; for arm/v6 see that the base is not for a newer ARM",
        if_emulated=True,
        mended_in="9.2.2",
        source="raaymax/quack/pull/312",
    ),
    _qemu(
        "qemu-segfault",
        r"uncaught target signal 11\b|exit (code|status):? 139\b",
        "a program of this platform ended with a segmentation fault under QEMU",
        "`ldconfig` and the set-up of libc-bin in Debian 11 and Ubuntu 22.04 for arm64 are known "
        "for it, and Node.js",
        if_emulated=True,
        mended_in="9.2.2",
        source="tonistiigi/binfmt/issues/215",
    ),
    _qemu(
        "qemu-syscall",
        r"qemu: Unsupported syscall: \d+|qemu-[\w-]+: .*unsupported syscall",
        "a program of this platform used a system call that this QEMU does not know",
        "newer ones know more of them; programs often go on without, so see what was said after it",
        source="armbian/build/issues/924",
    ),
    _qemu(
        "emulator-crashed",
        r"qemu: uncaught target signal|qemu-[\w-]+: .*fatal|tcg fatal error|qemu: fatal"
        r"|QEMU internal SIG[A-Z]+|unknown host page size|Unable to (find a guest_base|reserve 0x)",
        "QEMU crashed while it emulated the platform",
        "this is a fault of the emulator, not of your program",
    ),
)
"""Those whose text says more come first."""

HANGS: tuple[Fault, ...] = (
    _qemu(
        "qemu-node-hangs",
        r"\b(node|npm|npx|yarn|pnpm)\b",
        "Node.js is known to hang under QEMU, on arm/v6 and arm/v7 even at its start",
        "run it in a `FROM --platform=$BUILDPLATFORM` stage: JavaScript is the same everywhere",
        source="nodejs/docker-node/issues/1798",
    ),
    _qemu(
        "qemu-go-hangs",
        r"\bgo (build|install|test|mod|generate|run)\b",
        "Go's runtime is known to hang under QEMU",
        "let the build platform's Go compile (`GOARCH=$TARGETARCH go build`), or try "
        "`GODEBUG=asyncpreemptoff=1 GOMAXPROCS=1` in the step",
        source="golang/go/issues/70329",
    ),
    _qemu(
        "qemu-jvm-hangs",
        r"\b(gradlew?|mvnw?|java|javac|sbt|ant)\b",
        "Java virtual machines are known to hang under QEMU",
        "compile in a `FROM --platform=$BUILDPLATFORM` stage: class files run on every platform",
        source="docker/setup-qemu-action/issues/42",
    ),
)
"""Of steps that fell silent, by their command."""
