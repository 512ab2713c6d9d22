"""The rules, a module for each story, in the order of their ids."""

from polyarch.dockerfile.lint.rule import Rule
from polyarch.dockerfile.lint.rules import (
    arch_argument,
    base_images,
    compile_target,
    cpu_tuning,
    cross_go,
    emulated_c,
    emulated_dotnet,
    emulated_fetch,
    emulated_go,
    emulated_java,
    emulated_node,
    emulated_other,
    emulated_python,
    emulated_rust,
    fixed_address,
    fixed_path,
    host_binary,
    inside_emulator,
    native_leaks,
    pinned_base,
    platform_arguments,
    platform_flag,
    run_chmod,
    shipped_runs,
)

_STORIES = (
    arch_argument,
    base_images,
    compile_target,
    cpu_tuning,
    cross_go,
    emulated_c,
    emulated_dotnet,
    emulated_fetch,
    emulated_go,
    emulated_java,
    emulated_node,
    emulated_other,
    emulated_python,
    emulated_rust,
    fixed_address,
    fixed_path,
    host_binary,
    inside_emulator,
    native_leaks,
    pinned_base,
    platform_arguments,
    platform_flag,
    run_chmod,
    shipped_runs,
)

RULES: tuple[Rule, ...] = tuple(
    sorted((rule for story in _STORIES for rule in story.RULES), key=lambda rule: rule.id)
)
