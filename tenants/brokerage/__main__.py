"""`python -m brokerage` is the `stoa` command."""

from brokerage.main import cli

cli()
