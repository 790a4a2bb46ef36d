"""`archdiff completion SHELL`: completion of commands and options."""

from __future__ import annotations

import click
from click.shell_completion import ShellComplete, get_completion_class

from archdiff.cli.options import common
from archdiff.cli.stdout import put

__all__ = ["command"]


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@common
def command(shell: str) -> int:
    """Print the completion script of a shell.

    For bash: eval "$(archdiff completion bash)". For zsh the same with zsh.
    For fish: archdiff completion fish | source
    """
    made = get_completion_class(shell)
    assert made is not None, "click knows these shells"
    root = click.get_current_context().find_root().command
    # Not the subclass's method: that of bash starts a bash to ask its version.
    put(ShellComplete.source(made(root, {}, "archdiff", "_ARCHDIFF_COMPLETE")) + "\n")
    return 0
