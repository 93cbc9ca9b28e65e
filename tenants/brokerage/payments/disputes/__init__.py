"""Payments that a payer's bank takes back: frozen, answered, and booked as they end."""
