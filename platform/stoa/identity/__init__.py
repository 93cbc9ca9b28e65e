"""People and how they prove who they are: passwords, second factor, sessions, roles, tokens."""
