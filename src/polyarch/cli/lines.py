"""What a plain log says of each event: one line, or nothing where there is only movement."""

from functools import singledispatch

from polyarch import events
from polyarch.cli.text import size
from polyarch.oci import mediatype

EXISTING = "existing"
"""The strategy, and in an engine's place, where an image is taken that is there already."""

WORTH_A_LINE = 1_000_000
"""Bytes from which a blob is told of by itself."""


@singledispatch
def line_of(_event: events.Event) -> str:
    """The event's line; empty where it says nothing."""
    return ""


@line_of.register
def _note(event: events.Note) -> str:
    return f"note: {event.text}"


@line_of.register
def _warned(event: events.Warned) -> str:
    return f"warning: {event.text}"


@line_of.register
def _build_started(event: events.BuildStarted) -> str:
    if event.strategy == EXISTING:
        return f"{event.image} {event.platform}: taking an image that exists"
    place = f" on `{event.builder}`" if event.builder else ""
    about = f"{event.image} {event.platform}"
    return f"{about}: building with {event.engine}{place} ({event.strategy})"


@line_of.register
def _build_step(event: events.BuildStep) -> str:
    return f"{event.image} {event.platform}: {event.text}"


@line_of.register
def _build_log(event: events.BuildLog) -> str:
    return f"{event.image} {event.platform}| {event.line}"


@line_of.register
def _build_finished(event: events.BuildFinished) -> str:
    what = "reused" if event.reused else "built"
    return f"{event.image} {event.platform}: {what} {event.digest.short}"


@line_of.register
def _build_failed(event: events.BuildFailed) -> str:
    return f"{event.image} {event.platform}: failed"


@line_of.register
def _platform_proven(event: events.PlatformProven) -> str:
    name = f"{event.image} {event.platform}"
    if not event.level:
        return f"{name}: not proven"
    by = f" by {event.runtime}" if event.runtime else ""
    ran = f"its files and its smoke test ({event.how}{by})"
    read = "its files alone" if event.inspected_only else "its files"
    what = ran if event.level == "run" else read
    return f"{name}: {'was proven' if event.reused else 'proven'} by {what}"


@line_of.register
def _image_checked(event: events.ImageChecked) -> str:
    count = "1 platform" if event.platforms == 1 else f"{event.platforms} platforms"
    return f"{event.image}: {count} checked, index {event.digest.short}"


@line_of.register
def _command_started(event: events.CommandStarted) -> str:
    return f"{_of(event)}: {event.what}: {event.command}"


@line_of.register
def _command_ended(event: events.CommandEnded) -> str:
    return f"{_of(event)}: {event.what} {event.problem or 'done'}: {event.command}"


def _of(event: events.CommandStarted) -> str:
    return f"{event.image} {event.platform}" if event.platform else event.image


@line_of.register
def _logged_in(event: events.LoggedIn) -> str:
    return f"{event.repository}: the registry takes pushes"


@line_of.register
def _blob_stored(event: events.BlobStored) -> str:
    if event.how == "present" or event.descriptor.size < WORTH_A_LINE:
        return ""
    what = f"{event.descriptor.digest.short}, {size(event.descriptor.size)}"
    return f"{event.repository}: {event.how} blob {what}"


@line_of.register
def _manifest_stored(event: events.ManifestStored) -> str:
    if not mediatype.is_index(event.descriptor.media_type):
        return ""
    return f"{event.repository}: {event.how} index {event.descriptor.digest.short}"


@line_of.register
def _staged(event: events.Staged) -> str:
    if not event.uploaded + event.mounted:
        return f"{event.repository}: {_all_there(event)}" if event.present else ""
    counted = {"sent": event.uploaded, "mounted": event.mounted, "already there": event.present}
    told = [f"{size(count)} {how}" for how, count in counted.items() if count]
    if event.uploaded >= WORTH_A_LINE and event.seconds > 0:
        told[0] += f" at {size(int(event.uploaded / event.seconds))}/s"
    return f"{event.repository}: {', '.join(told)}"


def _all_there(event: events.Staged) -> str:
    """Where no blob was sent or mounted."""
    if not event.manifests:
        return "all of it was there"
    many = "" if event.manifests == 1 else "s"
    return f"{event.manifests} manifest{many} sent, {size(event.present)} already there"


@line_of.register
def _tag_moved(event: events.TagMoved) -> str:
    reason = f": {event.reason}" if event.reason else ""
    return f"{event.repository}:{event.tag}: {event.status}, {event.digest.short}{reason}"


@line_of.register
def _destination_failed(event: events.DestinationFailed) -> str:
    return f"{event.repository}: failed: {event.reason}"
