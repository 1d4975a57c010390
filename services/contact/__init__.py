"""The service that knows what was promised, what happened and what did not."""
