"""What the house stands to lose: live exposure, limits and alerts, margin, results, and what is done."""
