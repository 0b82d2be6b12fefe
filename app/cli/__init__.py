"""The command `izwi`: one file a group of commands; `--help` is written for people who do not program."""

from app.cli.root import main

__all__ = ["main"]
