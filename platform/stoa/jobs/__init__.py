"""Work off the request. PostgreSQL is the record of what is to be done; Valkey rings the bell."""
