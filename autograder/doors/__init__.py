"""Doors: what other graders take and give back, made from the same exercises and results."""
