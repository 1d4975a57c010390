"""A county's import and replay while everything below it is killed, frozen, cut, filled and put back."""
