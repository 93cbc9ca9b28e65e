"""The whole record of who did what, for the broker's own people: read, proven, carried out."""
