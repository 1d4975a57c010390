"""The published language: every event that any service has ever spoken, one module a speaker."""
