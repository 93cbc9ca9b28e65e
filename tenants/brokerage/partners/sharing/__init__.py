"""What introducers give chosen clients of their own rewards, by the calendar of payouts."""
