"""What a trading platform's adapter must do, run against a server and written down as a report."""
