"""This machine's own parts as candidates: the nearest of all, for which nobody has to be asked."""

from polyarch.config.project import ImageSettings
from polyarch.oci.platform import Platform
from polyarch.pipeline.existing import ENGINE
from polyarch.pipeline.part import PartsFolder
from polyarch.pipeline.sources import config_of_part, is_whole
from polyarch.pipeline.unchanged import Candidate

HERE = "this machine's own part"


def own_candidate(
    parts: PartsFolder, settings: ImageSettings, platform: Platform, key: str, *, publishes: bool
) -> Candidate | None:
    """The part that is here, if there is one.

    Where this run `publishes`, one that was taken from a registry is looked for there again: its
    layers may be gone.
    """
    part = parts.read(settings.name, platform)
    if part is None or not part.claim.key or (publishes and part.engine == ENGINE):
        return None
    config = config_of_part(parts, part) if part.input_key == key else None
    missing = "" if config and is_whole(parts, part) else "it is damaged"
    return Candidate(
        claim=part.claim,
        reuse="digest" if settings.reuse == "digest" else "part",
        where=HERE,
        config=config,
        missing=missing,
    )
