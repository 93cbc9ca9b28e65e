"""The `stoa` command: what starts, runs and checks an installation."""

from stoa.cli.group import group

__all__ = ["group"]
