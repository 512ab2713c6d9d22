"""Which kind of registry a host is."""

import difflib
from fnmatch import fnmatchcase

from polyarch.errors import UnknownProfileError
from polyarch.net.endpoint import host_only
from polyarch.registry.profile import Profile
from polyarch.registry.profile_data import KNOWN, UNKNOWN

PROFILES = {profile.name: profile for profile in KNOWN}
"""By the name that `[registries.X] profile` takes."""


def profile_of(host: str, named: str | None = None) -> Profile:
    """The kind of registry at `host[:port]`, or the one that is named whatever the host.

    Raises:
        UnknownProfileError: no kind has that name.
    """
    if named is not None:
        return profile_named(named)
    name = host_only(host).lower().removesuffix(".")
    return next((p for p in KNOWN if any(fnmatchcase(name, h) for h in p.hosts)), UNKNOWN)


def profile_named(name: str) -> Profile:
    """The kind of registry of this name.

    Raises:
        UnknownProfileError: there is none.
    """
    profile = PROFILES.get(name)
    if profile is None:
        close = difflib.get_close_matches(name.lower(), PROFILES, n=1)
        raise UnknownProfileError(name, known=tuple(PROFILES), nearest=next(iter(close), None))
    return profile
