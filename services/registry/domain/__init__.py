"""The registry's rules, pure: ages, areas and children's files."""
