"""The one address in front of the four services: nginx, told by a configuration made from the settings."""
