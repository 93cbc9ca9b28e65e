"""The officers' side of verification: the queue, one case, the second person."""
