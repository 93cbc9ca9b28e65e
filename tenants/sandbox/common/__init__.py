"""What every stand-in shares: its wire, its record, its clock, its faults and its callbacks."""
