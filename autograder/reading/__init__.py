"""Submissions in: whose files are whose, and the cells in them. Nothing is run here."""
