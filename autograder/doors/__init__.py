"""Doors: what other graders expect, made from the same exercises. Each is a leaf of its own."""
