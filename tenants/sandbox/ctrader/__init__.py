"""A stand-in for a cTrader server: WebServices over HTTP and the Manager API over TCP."""
