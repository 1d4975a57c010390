"""What services say to each other: contracts, envelopes and subjects."""
