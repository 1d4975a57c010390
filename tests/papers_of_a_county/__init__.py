"""Another county on paper, invented by seed, and what policy.md makes of it, reckoned without the product."""
