"""`stoa bench`: the figures that matter, measured on this machine, as medians of several runs.

Never a test: a noisy machine must not make a change red. Each figure stands beside its goal.
"""
