"""`python -m viton_cli` and the console command `viton`."""

from __future__ import annotations


def main() -> None:
    """Run the command line; leaves with its exit code."""
    from viton_cli.cli.streams import mend_streams

    mend_streams()
    from viton_cli.cli import app

    app(prog_name="viton")


if __name__ == "__main__":
    main()
