"""Drills: what an operations team fears, done to a whole stack in containers while a county works on it."""
