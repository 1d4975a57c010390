"""The four services of Kith, none of which imports another."""
