"""Reading a county's papers: bytes in, typed rows out; what cannot be read says why and where."""
