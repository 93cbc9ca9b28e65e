"""The client's side of verification: its pages, answers and uploads."""
