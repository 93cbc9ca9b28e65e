"""The people a broker serves: who they are, who looks after them, and what staff see of them."""
