"""Answers that a person marks, question by question: on a local page or in a spreadsheet."""
