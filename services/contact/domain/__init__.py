"""What is promised to a child, when a promise counts as kept, and what follows when it is not. Pure."""
