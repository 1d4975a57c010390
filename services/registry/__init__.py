"""Who are the children, where, with whom?"""
