"""The doctor: what is wrong, or soon will be, before it hurts; each finding says what, where and how to mend it."""
