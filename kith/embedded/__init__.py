"""The servers that come with Kith: PostgreSQL and NATS from their wheels, under one data folder."""
