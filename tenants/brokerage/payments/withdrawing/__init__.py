"""From asking to be paid to the last part that left: one file per step."""
