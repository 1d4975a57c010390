"""The registry answers: who are the children, where, with whom."""
