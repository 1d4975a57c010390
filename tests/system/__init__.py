"""Kith as a whole, by its command line and its processes."""
