"""A FIX acceptor that copies the simulated market's deals: FIX 4.4 and FIXT.1.1 with 5.0 SP2."""
