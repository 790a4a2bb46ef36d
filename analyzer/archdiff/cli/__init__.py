"""The command line: one module per command."""


def main() -> None:
    """Placeholder until the commands land."""
