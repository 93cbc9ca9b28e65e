"""When partners are paid, how much, who agrees, and what speaks against it."""
