"""One service or module at a time, on a real PostgreSQL and a real NATS."""
