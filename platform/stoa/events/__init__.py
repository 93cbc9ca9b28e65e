"""Facts: what happened, told once, heard by whoever reacts."""
