"""Every test: of rules, of services on real servers, of pages, containers and drills."""
