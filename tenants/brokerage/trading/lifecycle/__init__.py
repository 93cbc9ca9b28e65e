"""What becomes of a trading account: requests, access, dormancy, changes of many at once, moving."""
