"""Which rule is mended by what, and in which order."""

from collections.abc import Mapping
from types import MappingProxyType

from polyarch.dockerfile.fix.arguments import declare_used, drop_defaults, drop_target_platform
from polyarch.dockerfile.fix.change import Fixer
from polyarch.dockerfile.fix.copymode import into_copy
from polyarch.dockerfile.fix.golang import add_goarm, cross_compile, target_arch
from polyarch.dockerfile.fix.pin import pin

FIXERS: Mapping[str, Fixer] = MappingProxyType(
    {
        "PA102": drop_target_platform,
        "PA201": cross_compile,
        "PA204": pin,
        "PA205": pin,
        "PA206": pin,
        "PA208": pin,
        "PA209": pin,
        "PA302": target_arch,
        "PA304": drop_defaults,
        "PA306": declare_used,
        "PA401": into_copy,
        "PA502": add_goarm,
    }
)

STEPS: tuple[frozenset[str], ...] = (
    # What the automatic arguments are worth comes first: all else stands on them.
    frozenset({"PA304", "PA102"}),
    frozenset({"PA302"}),
    frozenset({"PA204", "PA205", "PA206", "PA208", "PA209"}),
    frozenset({"PA201", "PA502"}),
    frozenset({"PA401"}),
    frozenset({"PA306"}),
)
