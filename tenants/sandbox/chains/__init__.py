"""Two of the outside world's small sites in one process: who keeps coins, and who traces them."""
