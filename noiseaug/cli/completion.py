"""`noiseaug completion`."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

_SHELLS = ("bash", "zsh", "fish")


@click.command("completion")
@click.argument("shell", type=click.Choice(_SHELLS))
def command(shell: str) -> int:
    """Print what makes SHELL complete the commands, options and words of noiseaug when Tab is pressed.

    \b
    bash  eval "$(noiseaug completion bash)"     in ~/.bashrc (bash 4.4 or later)
    zsh   eval "$(noiseaug completion zsh)"      in ~/.zshrc, after compinit
    fish  noiseaug completion fish | source      in ~/.config/fish/config.fish
    """
    group = click.get_current_context().find_root().command
    found = get_completion_class(shell)
    assert found is not None, shell  # Click has these three
    click.echo(found(group, {}, "noiseaug", "_NOISEAUG_COMPLETE").source())
    return 0
