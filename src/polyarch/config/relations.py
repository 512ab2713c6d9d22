"""What one table of the file says about another: names that must exist, keys that go together.

Works on tables that `check` has cleaned, and on the names of images as the file has them, so that
a faulty image does not make every mention of it a problem, too.
"""

from collections.abc import Collection, Iterator, Mapping

from polyarch.config.builder_relations import builder_problems
from polyarch.config.check import nearest
from polyarch.config.direct import GO, GO_KEYS, STATIC
from polyarch.config.forms import IMAGE_PREFIX, SAMPLE_NAME
from polyarch.config.keypath import KeyPath
from polyarch.config.keys import APPEND
from polyarch.config.placeholders import expand
from polyarch.config.problem import Problem
from polyarch.config.registries import PASSWORD_KEYS, normal_prefix
from polyarch.errors import shorten
from polyarch.oci.platform import Platform

Values = Mapping[str, object]
Place = tuple[str, ...]

_DEFAULTS: Place = ("defaults",)
_BUILD = "platform"
_BUILDERS = "builders"


def relation_problems(clean: Values, raw: Values) -> Iterator[Problem]:
    """Every problem between tables of a document; `raw` is the document before cleaning."""
    names = tuple(table_at(raw, "images"))
    if not names:
        yield Problem(path=(), message="no image: write at least one table `[images.NAME]`")
    yield from _groups(clean, names)
    for name in table_at(clean, "images"):
        yield from _platforms_missing(raw, name)
        yield from _files_missing(raw, name)
        yield from _preset_missing(raw, name)
    for place in (_DEFAULTS, *(("images", name) for name in table_at(clean, "images"))):
        yield from _same_platform(clean, place)
        yield from _program_replaced(clean, place)
        for path, table in _build_tables(clean, place):
            yield from _named_images(table, path, names)
            yield from _secret_twice(table, path)
    for builder in table_at(clean, _BUILDERS):
        yield from builder_problems(builder, table_at(clean, _BUILDERS, builder))
    yield from _registries(clean, ("registries",))
    for environment in table_at(clean, "environments"):
        yield from _registries(clean, ("environments", environment, "registries"))


def table_at(values: Values, *path: str) -> Values:
    """The table at a path, empty where there is none."""
    found: object = values
    for key in path:
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def _build_tables(values: Values, place: Place) -> Iterator[tuple[Place, Values]]:
    """The tables that say how to build: that of an image or the defaults, and its platforms'."""
    yield place, table_at(values, *place)
    for platform in table_at(values, *place, _BUILD):
        yield (*place, _BUILD, platform), table_at(values, *place, _BUILD, platform)


def _groups(clean: Values, names: Collection[str]) -> Iterator[Problem]:
    for group, members in table_at(clean, "groups").items():
        for position, member in enumerate(members if isinstance(members, list) else ()):
            if member not in names:
                path = ("groups", group, position)
                yield Problem(path=path, message=_unknown_image(str(member), names))


def _named_images(table: Values, path: KeyPath, names: Collection[str]) -> Iterator[Problem]:
    mentions = {("contexts", name): text for name, text in table_at(table, "contexts").items()}
    mentions["direct", "base"] = table_at(table, "direct").get("base")
    for rest, text in mentions.items():
        if not isinstance(text, str) or not text.startswith(IMAGE_PREFIX):
            continue
        image = expand(text, SAMPLE_NAME).removeprefix(IMAGE_PREFIX)
        if text == expand(text, SAMPLE_NAME) and image not in names:
            yield Problem(path=(*path, *rest), message=_unknown_image(image, names))


def _secret_twice(table: Values, path: KeyPath) -> Iterator[Problem]:
    """Engines would take one of the two without a word."""
    secrets = table.get("secrets")
    seen: set[str] = set()
    for position, text in enumerate(secrets if isinstance(secrets, list) else ()):
        name = str(text).partition(",")[0].removeprefix("id=")
        if name in seen:
            message = f"there is a secret `{shorten(name)}` already"
            yield Problem(path=(*path, "secrets", position), message=message)
        seen.add(name)


def _unknown_image(name: str, names: Collection[str]) -> str:
    return f"there is no image `{shorten(name)}`; {nearest(name, names)}"


def _platforms_missing(raw: Values, name: str) -> Iterator[Problem]:
    tables = (table_at(raw, "defaults"), table_at(raw, "images", name))
    if not any(f"platforms{plus}" in table for table in tables for plus in ("", APPEND)):
        message = "no platforms: set `platforms` here or in `[defaults]`"
        yield Problem(path=("images", name), message=message)


def _files_missing(raw: Values, name: str) -> Iterator[Problem]:
    """The direct engine without files would publish an empty image."""
    engine = table_at(raw, "images", name).get("engine", table_at(raw, "defaults").get("engine"))
    places = (_DEFAULTS, ("images", name))
    tables = (table for place in places for _, table in _build_tables(raw, place))
    recipes = tuple(table_at(table, "direct") for table in tables)
    has_files = any(key.startswith("files") for recipe in recipes for key in recipe)
    presets = {recipe.get("preset") for recipe in recipes}
    if (engine == "direct" or STATIC in presets) and GO not in presets and not has_files:
        message = "engine `direct` needs `files` in the table `direct`: what the image consists of"
        yield Problem(path=("images", name), message=message)


def _preset_missing(raw: Values, name: str) -> Iterator[Problem]:
    """What only a preset reads has no effect on a command of the project's own."""
    places = (_DEFAULTS, ("images", name))
    tables = [table for place in places for _, table in _build_tables(raw, place)]
    if any(table_at(table, "direct").get("preset") == GO for table in tables):
        return
    for path, table in _build_tables(raw, ("images", name)):
        for key in table_at(table, "direct"):
            if key.removesuffix(APPEND) in GO_KEYS:
                message = f'only the preset `{GO}` reads this: set `preset = "{GO}"`'
                yield Problem(path=(*path, "direct", key), message=message)


def _program_replaced(clean: Values, place: Place) -> Iterator[Problem]:
    """`files` without a plus takes the preset's program out of the image, which nobody means."""
    for path, table in _build_tables(clean, place):
        recipe = table_at(table, "direct")
        files = recipe.get("files")
        if recipe.get("preset") != GO or not isinstance(files, list):
            continue
        sources = (str(file.get("from", "")) for file in files if isinstance(file, dict))
        if not any("{out}" in source for source in sources):
            message = (
                "this leaves out the program that the preset compiles;"
                f' write `"files{APPEND}"` to lay files beside it'
            )
            yield Problem(path=(*path, "direct", "files"), message=message)


def _same_platform(clean: Values, place: Place) -> Iterator[Problem]:
    seen: dict[Platform, str] = {}
    for text in table_at(clean, *place, _BUILD):
        platform = Platform.parse(text)
        if platform in seen:
            message = f"means the same platform as `{seen[platform]}`"
            yield Problem(path=(*place, _BUILD, text), message=message)
        seen.setdefault(platform, text)


def _registries(clean: Values, place: Place) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for key in table_at(clean, *place):
        prefix = normal_prefix(key)
        if prefix in seen:
            message = f"means the same registry as `{seen[prefix]}`"
            yield Problem(path=(*place, key), message=message)
        seen.setdefault(prefix, key)
        ways = [way for way in PASSWORD_KEYS if way in table_at(clean, *place, key)]
        if len(ways) > 1:
            message = f"the password comes from one place; `{ways[0]}` says where already"
            yield Problem(path=(*place, key, ways[1]), message=message)
