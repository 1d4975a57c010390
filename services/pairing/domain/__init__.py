"""The rules of carers and pairs, pure: no clock, no I/O, no ids of its own making."""
