"""Is this client on a sanctions list: lists read, names folded, matches scored and explained."""
