"""The `stoa` command: what runs, starts and checks an installation."""
