"""The pages of reporting: the dashboard, the lists behind its numbers and the work summary, as HTML."""
