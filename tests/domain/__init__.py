"""The rules of the services, pure: given, when, then."""
