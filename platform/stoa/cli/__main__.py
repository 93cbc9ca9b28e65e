"""`python -m stoa.cli`: the platform's own words, without any product."""

from stoa.cli.group import group

group()()
