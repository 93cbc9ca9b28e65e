"""What happened, told to those who ask: the day, and a client's statement."""
