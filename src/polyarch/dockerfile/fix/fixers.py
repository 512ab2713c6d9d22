"""Which rule is mended by what, and in which order."""

from collections.abc import Mapping
from types import MappingProxyType

from polyarch.dockerfile.fix import ccode, copymode, copyowner, golang, rust
from polyarch.dockerfile.fix.arguments import declare_used, drop_defaults, drop_target_platform
from polyarch.dockerfile.fix.bases import free_base, free_platform, move_flag, renew_digest
from polyarch.dockerfile.fix.change import Fixer
from polyarch.dockerfile.fix.customarg import from_automatic
from polyarch.dockerfile.fix.dotnet import cross_publish
from polyarch.dockerfile.fix.downloads import choose_asset, choose_named
from polyarch.dockerfile.fix.literal import target_named
from polyarch.dockerfile.fix.paths import free_path
from polyarch.dockerfile.fix.pin import pin
from polyarch.dockerfile.fix.relics import portable, without_qemu
from polyarch.dockerfile.fix.uname import ask_the_target

FIXERS: Mapping[str, Fixer] = MappingProxyType(
    {
        "PA101": free_platform,
        "PA102": drop_target_platform,
        "PA103": free_base,
        "PA105": move_flag,
        "PA106": renew_digest,
        "PA201": golang.cross_compile,
        "PA202": rust.cross_compile,
        "PA203": ccode.cross_compile,
        "PA204": pin,
        "PA205": pin,
        "PA206": cross_publish,
        "PA207": pin,
        "PA208": pin,
        "PA209": pin,
        "PA301": choose_asset,
        "PA302": target_named,
        "PA303": portable,
        "PA304": drop_defaults,
        "PA305": from_automatic,
        "PA306": declare_used,
        "PA308": free_path,
        "PA309": ask_the_target,
        "PA314": choose_named,
        "PA401": copymode.into_copy,
        "PA402": copyowner.into_copy,
        "PA501": golang.state_cgo,
        "PA502": golang.add_goarm,
        "PA504": golang.cross_leaked,
        "PA506": without_qemu,
    }
)

STEPS: tuple[frozenset[str], ...] = (
    # What the automatic arguments are worth comes first: all else stands on them.
    frozenset({"PA304", "PA102"}),
    frozenset({"PA302"}),
    frozenset({"PA204", "PA205", "PA206", "PA207", "PA208", "PA209"}),
    frozenset({"PA201", "PA502"}),
    frozenset({"PA401"}),
    frozenset({"PA402"}),
    frozenset({"PA101", "PA103", "PA105", "PA106"}),
    frozenset({"PA305", "PA306"}),
    frozenset({"PA301", "PA303", "PA308", "PA309", "PA314"}),
    frozenset({"PA202", "PA203"}),
    frozenset({"PA501", "PA504", "PA506"}),
)
"""The safe ones first, then those that somebody looks at."""
