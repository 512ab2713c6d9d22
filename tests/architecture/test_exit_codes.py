"""Every error has an exit code of the documented table, and words for a person."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import polyarch
from polyarch import errors
from polyarch.cli.exit_codes import EXIT_CODES, ExitCode, exit_code, worst

SOURCE = Path(polyarch.__file__).parent
ROOM = SOURCE / "errors"


def classes(base: type[errors.PolyarchError] = errors.PolyarchError) -> Iterator[type]:
    for child in base.__subclasses__():
        if child.__module__.startswith(f"{errors.__name__}."):
            yield child
            yield from classes(child)


ALL = sorted(set(classes()), key=lambda cls: cls.__name__)


def code_of(cls: type) -> ExitCode:
    return next((EXIT_CODES[each] for each in cls.__mro__ if each in EXIT_CODES), ExitCode.BUG)


@pytest.mark.parametrize("cls", ALL)
def test_each_is_mapped(cls: type):
    assert code_of(cls) not in {ExitCode.BUG, ExitCode.DONE}


def test_what_is_no_error_of_ours_is_a_bug():
    assert exit_code(errors.PolyarchError("x")) is ExitCode.BUG


@pytest.mark.parametrize(
    ("code", "members"),
    [
        # DESIGN: 1 the work failed (a build, a proof, a lint)
        (1, [errors.BuildFailedError, errors.VerificationError, errors.ContentError]),
        # 2 usage or config
        (2, [errors.UsageError, errors.ConfigError, errors.InvalidPlatformError]),
        # 3 a name or glob that matches nothing
        (3, [errors.NothingSelectedError, errors.ManifestNotFoundError]),
        # 4 environment (engine absent or too old, no emulator)
        (4, [errors.EngineUnusableError, errors.NoEngineError, errors.EmulatorMissingError]),
        (4, [errors.StorageError, errors.ProgramNotFoundError]),
        # 5 registry or network trouble: trying again may help
        (5, [errors.RegistryUnavailableError, errors.RateLimitedError, errors.TlsError]),
        # 7 refused (login, policy, immutable tag, quota): trying again will not help
        (7, [errors.LoginRefusedError, errors.DeniedError, errors.ImmutableTagError]),
        (130, [errors.InterruptedByUserError]),
    ],
)
def test_the_documented_table(code: int, members: list[type]):
    assert [int(code_of(cls)) for cls in members] == [code] * len(members)


def test_trying_again_helps_only_where_the_code_says_so():
    """`retryable` and 5 go together: 7 says that trying again will not help."""
    for cls in ALL:
        if issubclass(cls, errors.PolyarchError) and cls.retryable:
            assert code_of(cls) is ExitCode.TROUBLE, cls


def test_the_worst_of_several():
    order = [70, 6, 7, 5, 4, 1]  # as DESIGN has it
    for position, code in enumerate(order):
        rest = [ExitCode(each) for each in order[position:]]
        assert worst(reversed(rest)) == code
    assert worst([]) is ExitCode.DONE


@pytest.mark.parametrize("cls", ALL)
def test_each_has_a_code_and_a_docstring_of_its_own(cls: type):
    assert "code" in vars(cls), "scripts tell errors apart by it"
    assert cls.__doc__


def test_codes_are_told_apart():
    """Two classes share a code only where one stands in for the other before a file is known."""
    shared = {"dockerfile-syntax", "ignore-file"}
    seen: dict[str, type] = {}
    for cls in ALL:
        code = vars(cls)["code"]
        assert code in shared or code not in seen, f"{cls} and {seen.get(code)} are both {code}"
        seen[code] = cls


def test_the_tree_in_the_docstring_is_the_tree():
    drawn = [
        line.lstrip("│├└─ ").split()[0]
        for line in (errors.__doc__ or "").splitlines()
        if line.startswith(("├", "└", "│"))
    ]
    assert sorted(drawn) == [cls.__name__ for cls in ALL]


def test_texts_have_no_full_stop_and_begin_in_lower_case():
    """Those that are written in `errors`; values are put in later."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in ROOM.glob("*.py")]
    for node in (node for tree in trees for node in ast.walk(tree)):
        if not (isinstance(node, ast.Call) and ast.unparse(node.func).endswith("__init__")):
            continue
        texts = [*node.args, *(k.value for k in node.keywords if k.arg == "hint")]
        for text in texts:
            if isinstance(text, ast.Constant) and isinstance(text.value, str):
                assert not text.value.endswith("."), text.value
                assert not text.value[:1].isupper(), text.value


def test_all_errors_are_in_one_place():
    """Elsewhere only what never leaves its module."""
    for path in SOURCE.rglob("*.py"):
        if path.parent == ROOM:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                bases = {ast.unparse(base) for base in node.bases}
                assert not {base for base in bases if "PolyarchError" in base}, (
                    f"{path}: {node.name}"
                )
