"""The command line and the embedded runtime: the only code that knows all services."""
