"""Introducing brokers: who brought whom, what each deal earned them and why, and paying it out."""
