"""Projects whose configs try to get into the scripts and expressions of a generated pipeline."""

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

MARK = "pwned"
"""Stands in every text that means harm."""

_HARM = (
    f"${{{{ secrets.{MARK} }}}}", f"$({MARK})", f"`{MARK}`", f'"; {MARK} #', f"'; {MARK} #",
    f"a\n    run: {MARK}", f"a # {MARK}", f"!!python/{MARK}", f"&{MARK}", f"*{MARK}", f"%{MARK}",
    f"::add-mask::{MARK}", f"[{MARK}]", f"{{{MARK}: 1}}", f"{MARK}\\", f"{MARK}: x", f"- {MARK}",
    f"-{MARK}", f"$CI_{MARK}", f"$[[ inputs.{MARK} ]]", f"$({MARK})\t", f"ü{MARK}", f"\u2028{MARK}",
)  # fmt: skip
_broken = st.text(max_size=6).map(lambda text: MARK + text).filter(lambda x: not x.isidentifier())
texts = st.sampled_from(_HARM) | _broken
"""None is a name that a variable may have."""

_Table = dict[str, Any]
_Place = Callable[[_Table, str], None]


def _base(draw: st.DrawFn) -> _Table:
    """A document that means no harm."""
    platforms = ("linux/amd64", "linux/arm64", "linux/arm/v7", "linux/s390x")
    image = {
        "platforms": draw(st.lists(st.sampled_from(platforms), min_size=1, unique=True)),
        "repositories": ["ghcr.io/team/{image}", "team/{image}"],
        "direct": {"files": [{"from": "x", "to": "/"}]},
    }
    return {
        "images": {"app": image},
        "triggers": {"release": draw(st.booleans()), "dispatch": draw(st.booleans())},
        "publish": {"on": ["branch:main", "tag:v*", "schedule"]},
        "runners": {"linux/arm64": draw(st.sampled_from(["emulate", "ubuntu-24.04"]))},
        "registries": {"docker.io": {"username-env": "U", "password-env": "P"}},
        "notify": {"urls-env": "WHO"},
    }


def _trigger(key: str) -> _Place:
    return lambda table, text: table["triggers"].update({key: [text]})


def _variable(table: str, key: str) -> _Place:
    return lambda document, text: document[table].update({key: text})


def _pattern(kind: str) -> _Place:
    return lambda document, text: document["publish"]["on"].append(f"{kind}:{text}")


_PLACES: tuple[_Place, ...] = (
    _trigger("branches"),
    _trigger("tags"),
    _trigger("schedule"),
    _pattern("branch"),
    _pattern("tag"),
    _variable("publish", "stage-to"),
    _variable("runners", "linux/arm64"),
    _variable("runners", "default"),
    _variable("notify", "urls-env"),
    _variable("notify", "secret-env"),
    lambda document, text: document["registries"]["docker.io"].update({"password-env": text}),
    lambda document, text: document["registries"].update({f"ghcr.io/{text}": {}}),
    lambda document, text: document["images"].update({text: document["images"]["app"]}),
    lambda document, text: document["images"]["app"].update({"secrets": [f"id=a,env={text}"]}),
    lambda document, text: document["images"]["app"]["repositories"].append(f"ghcr.io/{text}"),
    lambda document, text: document.update({"environments": {text: {}}}),
)


@st.composite
def configs(draw: st.DrawFn) -> _Table:
    """Documents that mean harm in one place, or two; many are refused."""
    document = _base(draw)
    for place in draw(st.lists(st.sampled_from(_PLACES), min_size=1, max_size=2)):
        place(document, draw(texts))
    return document
