"""Programs that neither compile nor run what was compiled: files, accounts, downloads, packages."""

import re
from collections.abc import Iterator

from polyarch.dockerfile.lint.calls import Call
from polyarch.dockerfile.lint.packages import MANAGERS

_SHELL = frozenset(
    {
        "", ":", "[", "[[", "cd", "command", "echo", "exit", "export", "false", "hash", "local",
        "popd", "printf", "pushd", "pwd", "read", "readonly", "return", "set", "shift", "shopt",
        "sleep", "test", "trap", "true", "type", "ulimit", "umask", "unset", "wait", "declare",
        "break", "continue", "let", "alias", "seq", "nproc", "env", "printenv", "date", "id",
        "whoami", "hostname", "expr", "getent", "getconf", "which", "time", "sync", "yes", "clear",
    }
)  # fmt: skip
_FILES = frozenset(
    {
        "awk", "basename", "cat", "chgrp", "chmod", "chown", "cmp", "column", "cp", "cut", "dd",
        "df", "diff", "dirname", "du", "egrep", "envsubst", "fgrep", "file", "find", "fold", "gawk",
        "grep", "head", "install", "jq", "less", "ln", "ls", "mkdir", "mkfifo", "mktemp", "mv",
        "nl", "od", "paste", "patch", "readlink", "realpath", "rename", "rm", "rmdir", "rsync",
        "sed", "shred", "sort", "split", "stat", "tail", "tee", "touch", "tr", "tree", "truncate",
        "uniq", "wc", "xargs", "xmllint", "xmlstarlet", "xxd", "yq", "setcap", "getcap", "strings",
        "dos2unix", "iconv", "rev", "tac", "fix-permissions",
    }
)  # fmt: skip
_ACCOUNTS = frozenset(
    {
        "addgroup", "adduser", "chpasswd", "delgroup", "deluser", "gpasswd", "groupadd", "groupdel",
        "groupmod", "passwd", "useradd", "userdel", "usermod", "update-ca-certificates",
        "update-ca-trust", "update-alternatives", "ldconfig", "locale-gen", "localedef",
        "update-locale", "locale", "fc-cache", "chsh",
    }
)  # fmt: skip
_FETCH = frozenset(
    {
        "curl", "wget", "aria2c", "git", "svn", "hg", "bzr", "ftp", "scp", "ssh-keyscan", "tar",
        "bsdtar", "unzip", "bunzip2", "gunzip", "gzip", "bzip2", "xz", "unxz", "zcat", "xzcat",
        "zstd", "unzstd", "7z", "7za", "7zr", "zip", "cpio", "unsquashfs", "ar", "rpm2cpio",
        "skopeo", "crane", "oras", "gsutil", "pv",
    }
)  # fmt: skip
_VERIFY = frozenset(
    {
        "md5sum", "sha1sum", "sha224sum", "sha256sum", "sha384sum", "sha512sum", "shasum", "b2sum",
        "cksum", "gpg", "gpg2", "gpgv", "gpgconf", "gpg-agent", "pkill", "openssl", "cosign",
        "minisign", "signify", "slsa-verifier", "sq", "dirmngr",
    }
)  # fmt: skip
_GENERATORS = frozenset(
    {
        "protoc", "buf", "swag", "templ", "sqlc", "wire", "mockgen", "mockery", "go-bindata",
        "statik", "packr2", "rice", "stringer", "controller-gen", "oapi-codegen", "gqlgen", "ent",
        "tailwindcss", "gofmt", "goimports", "golangci-lint", "hugo", "upx", "rustup", "corepack",
        "npm", "yarn", "pnpm", "npx", "node", "nvm", "go", "cargo", "python", "python3", "gcc",
        "rustc", "pkg-config", "sass", "tsc", "git-lfs", "envsubst", "just", "fnm", "n",
    }
)  # fmt: skip
"""Tools that run on the building machine and whose output is the same everywhere, and the calls of
toolchains that are no work by themselves. `upx` packs programs of other machines as well."""

_ASKS = re.compile(
    r"uname\b.*(?:-\w*[mpia]|--machine|--processor|--all)|arch|dpkg (?:.*)--print-\w*arch\w*"
    r"|dpkg-architecture\b.*|apk (?:.*)--print-arch|cat .*/etc/apk/arch"
    r"|rpm .*(?:--query|-q|-E|--eval).*(?:ARCH|_arch|%).*|lscpu|getconf .*LONG_BIT"
    r"|go env .*GO(?:HOST)?ARCH.*|rustc .*(?:-vV|host).*|.*\bplatform\.machine\b.*"
    r"|.*process\.arch\b.*|(?:gcc|cc|clang) .*(?:-dumpmachine|-print-multiarch)",
    re.DOTALL,
)


def is_file_work(found: Call) -> bool:
    """Whether it only moves bytes: files, accounts, downloads, checks, packages."""
    names = [found.program, *_started(found)]
    return all(name in _PLAIN or name in MANAGERS for name in names)


def _started(found: Call) -> Iterator[str]:
    """The programs that `find` starts for what it finds."""
    if found.program == "find":
        for flag in ("-exec", "-execdir", "-ok", "-okdir"):
            yield from (one.rpartition("/")[2] for one in found.values(flag))


def is_tool(found: Call) -> bool:
    """Whether it is known not to run what the stage compiles."""
    return is_file_work(found) or found.program in _GENERATORS


def installs_packages(found: Call) -> bool:
    """Whether it is a package manager."""
    return found.program in MANAGERS


def fetches(found: Call) -> bool:
    """Whether it downloads or unpacks."""
    return found.program in _FETCH


def asks_platform(found: Call) -> bool:
    """Whether it asks which machine it runs on.

    The longest questions are short, so that only the front of a call is looked at.
    """
    text = " ".join([found.program, *found.words])[:300]
    return _ASKS.fullmatch(text) is not None


_PLAIN = _SHELL | _FILES | _ACCOUNTS | _FETCH | _VERIFY
