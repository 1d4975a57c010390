"""What was promised, what happened, what did not?"""
