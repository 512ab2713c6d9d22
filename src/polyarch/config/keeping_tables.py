"""The keys of what is looked after once it is published: `watch` and `prune`."""

from typing import Annotated

from msgspec import Meta

from polyarch.config import forms
from polyarch.config.table import Duration, Table, doc


class WatchTable(Table, frozen=True):
    """What `polyarch watch` takes for well."""

    nightly_max_age: Annotated[
        Duration, doc("How old what `type=schedule` tags show may be, since it was published last.")
    ] = "2d"
    sample: Annotated[
        Annotated[int, Meta(ge=0)],
        doc("How many platforms of each image are proven again in full; `0` for none."),
    ] = 1


class PruneTable(Table, frozen=True):
    """What `polyarch prune` lets go: tags of branches, of pull requests and of single commits."""

    max_age: Annotated[Duration, doc("Such tags stay at least as long, by the time of commit.")] = (
        "30d"
    )
    keep: Annotated[
        Annotated[int, Meta(ge=0)], doc("How many of each kind stay whatever their age.")
    ] = 10
    keep_tags: Annotated[
        tuple[Annotated[str, forms.GLOB], ...], doc("Tags that always stay, as globs.")
    ] = ()
