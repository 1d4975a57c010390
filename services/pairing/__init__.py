"""Pairing answers who looks after each child; its words are carer, capacity, clearance and pair."""
