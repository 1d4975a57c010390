"""The kernel that every service stands on: event store, bus, receiving, edge, and the published contracts."""
