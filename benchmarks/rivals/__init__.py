"""Kith's store beside what somebody would pick instead, each doing the same work on the same PostgreSQL."""
