"""Kith's speed beside what the same servers do at best, and beside what somebody would use instead."""
