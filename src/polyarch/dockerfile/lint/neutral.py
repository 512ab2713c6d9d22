"""Paths whose content is the same for every platform, and those whose content never is."""

import re

_ANYWHERE = re.compile(
    r"/etc/(?:passwd|group|shadow|ssl(?:/.*)?|pki(?:/.*)?|ca-certificates(?:/.*)?|nsswitch\.conf"
    r"|timezone|localtime|mime\.types|hosts|resolv\.conf|services|protocols)"
    r"|/usr/share/(?:zoneinfo|ca-certificates|licenses|doc|fonts|i18n|man|icons|mime|misc)(?:/.*)?"
    r"|/usr/local/(?:share/ca-certificates|go/lib/time/zoneinfo\.zip|go/misc/.*)(?:/.*)?"
    r"|/(?:tmp|run|var/tmp|var/log|var/empty|empty)"
)
_TEXT = re.compile(
    r".*\.(?:conf|cfg|cert|crl|crt|css|csv|env|example|gif|gz\.sig|html?|ico|ini|java|jpe?g|[cm]?js"
    r"|json5?|jsonc|jsx|key|lock|map|md|[cm]?ts|mo|pem|php|png|po|properties|proto|pub|py|rb|rst|scss"
    r"|service|sh|sql|svg|tmpl|toml|tpl|tsx|ttf|txt|vue|wasm|webp|woff2?|xml|ya?ml)",
    re.IGNORECASE,
)
_TEXT_NAMES = re.compile(
    r".*/(?:LICEN[CS]E\S*|README\S*|NOTICE\S*|CHANGELOG\S*|VERSION|Makefile|Gemfile|Procfile|LICENSES"
    r"|licenses?|docs?|migrations?|templates?|locales?|i18n|translations?|fixtures|sql|proto)"
)
_JAVA = re.compile(
    r".*\.(?:jar|war|ear|class)|.*/(?:classes|libs?|dependencies|dependency|spring-boot-loader"
    r"|snapshot-dependencies|application|BOOT-INF(?:/.*)?|META-INF|WEB-INF(?:/.*)?|quarkus-app(?:/.*)?"
    r"|build/install(?:/.*)?|extracted(?:/.*)?|layers?)"
)
_BUNDLES = frozenset(
    {
        "dist", "build", "public", "out", "www", "html", "static", "_site", "site", "assets",
        "htdocs", "storybook-static", "browser", "wwwroot", "webroot", ".vitepress",
    }
)  # fmt: skip
_NAMED_DIST = re.compile(r"[\w.]+[-_.]dist|dist[-_][\w.-]+|web-build")
_PACKAGE_TREES = frozenset(
    {"node_modules", "site-packages", "dist-packages", ".venv", "venv", "vendor/bundle", "bundle"}
)
_SYSTEM = re.compile(
    r"/(?:|usr|usr/local|s?bin|lib\d*|usr/(?:s?bin|lib\d*|libexec)|usr/local/(?:s?bin|lib\d*)"
    r"|opt|etc|var|home|root|go|go/bin|root/\.cargo(?:/bin)?|usr/local/cargo(?:/bin)?"
    r"|root/\.local(?:/bin)?)"
)
_LIBRARIES = re.compile(r"/(?:usr/)?(?:local/)?lib(?:32|64|x32|exec)?(?:/.*)?")
_INSTALLED = re.compile(r"/(?:usr/)?(?:s?bin|lib(?:32|64|exec)?|share)(?:/.*)?|/etc(?:/.*)?")
_BINS = re.compile(r"(?:.*/)?s?bin/[^/]*[*?\[][^/]*")


def is_neutral(path: str) -> bool:
    """Whether the path alone tells that its content is the same for every platform."""
    if _ANYWHERE.fullmatch(path):
        return True
    if _LIBRARIES.fullmatch(path):
        return False
    return bool(_TEXT.fullmatch(path) or _TEXT_NAMES.fullmatch(path))


def is_java(path: str) -> bool:
    """Whether it is a jar, or a folder of jars or classes by its name."""
    return not _LIBRARIES.fullmatch(path) and _JAVA.fullmatch(path) is not None


def is_bundle(path: str) -> bool:
    """Whether a part of it is named as front ends name what they hand out."""
    parts = path.split("/")
    if {"server", "standalone", "node_modules", ".nuxt"} & set(parts):
        return False
    is_named = any(part in _BUNDLES or _NAMED_DIST.fullmatch(part) for part in parts)
    return is_named or "/.next/static" in path


def is_package_tree(path: str) -> bool:
    """Whether it is a folder of installed packages, which may be native."""
    return bool(_PACKAGE_TREES & set(path.split("/"))) or "/vendor/bundle" in path


def is_system_tree(path: str) -> bool:
    """Whether it is a folder that the base image fills, as a whole."""
    return _SYSTEM.fullmatch(path.rstrip("*").rstrip("/") or "/") is not None


def is_library(path: str) -> bool:
    """Whether it lies where shared libraries lie."""
    return _LIBRARIES.fullmatch(path) is not None


def is_installed(path: str) -> bool:
    """Whether package managers put files there."""
    return _INSTALLED.fullmatch(path) is not None


def is_bin_pattern(path: str) -> bool:
    """Whether it takes all that a folder of programs holds: its place changes when crossing."""
    return _BINS.fullmatch(path) is not None
