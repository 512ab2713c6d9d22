"""What is said of a pipeline that has left no record: whom it touches, and what tags show."""

import re
from collections.abc import Collection, Iterator
from dataclasses import replace

from polyarch.config.project import ImageSettings, Project
from polyarch.notify.notice import Notice, neat_all
from polyarch.oci.platform import Platform
from polyarch.pipeline.telling_needs import Needs

PUBLISH = "publish"
"""The job that moves tags, as generated pipelines call it."""

NOT_KNOWN = "not known: the log of the run says, or `polyarch runs`"
_BY_THIS = "no tag was moved by this run: users see what they saw before"
_PUBLISHED = f"the job `{PUBLISH}` went well: tags show what it published"

_BUILD = re.compile(r"build(?:-(?P<word>.+))?")
_NO_WORD = re.compile(r"[^a-z0-9]+")


def reaching(notice: Notice, project: Project, jobs: Collection[str] = ()) -> Notice:
    """The notice with the images, platforms and registries that it touches.

    They are all that the project publishes, unless all of `jobs`, which did not end well, are those
    that build one platform.
    """
    images = [each for each in project.images.values() if each.repositories]
    platforms = {platform for image in images for platform in image.platforms}
    found = {platform for platform in platforms if {*_words(platform)} & {*_legs(jobs)}}
    if jobs and all(_builds_one(job, found) for job in jobs):
        platforms = found
    hit = [image for image in images if platforms.intersection(image.platforms)]
    return replace(
        notice,
        images=neat_all(image.name for image in hit),
        platforms=neat_all(str(each) for each in _in_order(hit) if each in platforms),
        registries=neat_all(each.registry for image in hit for each in image.repositories),
    )


def tags_now(needs: Needs) -> tuple[str, ...]:
    """What users of tags see after a pipeline of which no run that failed has said it.

    Where no job has the name of the one that publishes, another one may have done it.
    """
    result = needs.jobs.get(PUBLISH)
    if result == "success":
        return _left(needs.notices) or (_PUBLISHED,)
    ran = [name for name, end in needs.jobs.items() if end != "skipped"]
    if result == "skipped" or (result is None and all(map(_BUILD.fullmatch, ran))):
        return (_BY_THIS,)
    return (NOT_KNOWN,)


def _left(notices: Collection[Notice]) -> tuple[str, ...]:
    return neat_all(tag for each in notices if each.kind.is_good for tag in each.tags)


def _words(platform: Platform) -> Iterator[str]:
    """How names of jobs say it: `linux-arm-v7`, `arm-v7`."""
    text = str(platform).lower()
    for form in (text, text.partition("/")[2]):
        yield _NO_WORD.sub("-", form).strip("-")


def _legs(jobs: Collection[str]) -> Iterator[str]:
    for job in jobs:
        if (found := _BUILD.fullmatch(job)) and found["word"]:
            yield found["word"]


def _builds_one(job: str, platforms: Collection[Platform]) -> bool:
    words = {word for platform in platforms for word in _words(platform)}
    return not words.isdisjoint(_legs((job,)))


def _in_order(images: Collection[ImageSettings]) -> Iterator[Platform]:
    for image in images:
        yield from image.platforms
