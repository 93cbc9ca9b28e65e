"""Winning and keeping clients: leads, tasks, segments and campaigns."""
