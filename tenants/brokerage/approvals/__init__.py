"""Everything that waits for a second person, in one list; each kind keeps its own rules."""
