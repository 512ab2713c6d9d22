"""What an image of the direct engine gets beside the project's files: its user, its authorities.

An empty image gets them made; a base keeps its own, as far as its layers tell of them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path, PurePosixPath

from polyarch.config.direct import STATIC, DirectSettings
from polyarch.engines.accounts import GROUP, PASSWD, account_of
from polyarch.engines.base import DirectRecipe
from polyarch.engines.laid import LookAt, SystemFile
from polyarch.oci.platform import Platform
from polyarch.pipeline.certificates import PLACES, machine_certificates, read_certificates

CERTIFICATES = PurePosixPath(PLACES[0])
"""Where they are laid: Go, OpenSSL of Debian and Alpine, Python and Node look there."""

ReadBase = Callable[[], Mapping[str, bytes]]
"""Reads the base's files that matter here; called only where needed, as it takes time."""


@dataclass(frozen=True, kw_only=True)
class Equipment:
    """Fits a recipe out for one platform; `key` is the path of the table `direct`."""

    settings: DirectSettings
    platform: Platform
    project: Path
    key: str
    read_base: ReadBase
    look_at: LookAt

    def add_to(self, recipe: DirectRecipe) -> DirectRecipe:
        """The recipe with its user by number and the files that nobody wrote.

        Raises:
            UserUnknownError: the base has other users.
            CertificatesNotFoundError: there are none to lay.
            ContentError, RegistryError: the base's layers cannot be read.
        """
        settings = self.settings
        looks = self.look_at if settings.preset else None
        recipe = replace(recipe, look_at=looks, sole_entry=settings.preset == STATIC)
        if self.platform.os == "windows":
            return recipe  # its users and certificates are no files
        account = (
            account_of(
                settings.user, self._text(PASSWD), self._text(GROUP), where=f"{self.key}.user"
            )
            if settings.user
            else None
        )
        return replace(
            recipe,
            user=account.user if account else "",
            system=(*(account.files if account else ()), *self._certificates()),
        )

    def _certificates(self) -> tuple[SystemFile, ...]:
        asked = self.settings.certificates
        if asked is False:
            return ()
        if isinstance(asked, str):
            content = read_certificates(self.project / asked)
        elif any(place.lstrip("/") in self._base for place in PLACES):
            return ()
        else:
            content = machine_certificates()
        return (SystemFile(path=CERTIFICATES, content=content),)

    @cached_property
    def _base(self) -> Mapping[str, bytes]:
        return self.read_base()

    def _text(self, path: PurePosixPath) -> str | None:
        if self.settings.user.replace(":", "").isdigit():
            return None  # numbers are looked up nowhere
        found = self._base.get(str(path).lstrip("/"))
        return None if found is None else found.decode("utf-8", "replace")
