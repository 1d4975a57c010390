"""Who looks after each child?"""
