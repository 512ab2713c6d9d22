"""`polyarch completion`: the shell's own script."""

import click
from click.shell_completion import get_completion_class

from polyarch.cli.app import app
from polyarch.cli.verb import Verb

_SHELLS = ("bash", "zsh", "fish")


@click.command("completion", cls=Verb)
@click.argument("shell", type=click.Choice(_SHELLS), metavar="SHELL")
def command(shell: str) -> None:
    r"""Print the completion script of a shell.

    \b
      bash   eval "$(polyarch completion bash)"           in ~/.bashrc
      zsh    eval "$(polyarch completion zsh)"            in ~/.zshrc
      fish   polyarch completion fish | source            in config.fish
    """
    completion = get_completion_class(shell)
    if completion is None:
        raise click.UsageError(f"`{shell}` has no completion")
    # The class asks an installed bash for its version; the script is the same for all since 4.4.
    completer = completion(app, {}, "polyarch", "_POLYARCH_COMPLETE")
    print(completer.source_template % completer.source_vars())
