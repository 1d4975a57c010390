"""Reporting: what it all adds up to, as of and as known on any day, and the list behind each number."""
