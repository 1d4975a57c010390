"""Other systems of the county, with their own programs and the rights of a reader."""
