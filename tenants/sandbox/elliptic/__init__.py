"""A stand-in of Elliptic's AML API: tells where the coins of a transfer came from."""
