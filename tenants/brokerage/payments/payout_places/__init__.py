"""Places a client is paid at."""
