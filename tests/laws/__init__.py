"""What holds whatever comes in whatever order: properties, on real servers."""
