"""Scores into an LMS over the wire: planned first, never twice, never lost.

releases + what the LMS holds + the journal -> plan -> apply -> read back
"""
