"""Answers that show a value of their own in the test, before that shows the score."""

import sys

ANSWER = "NAME = lambda *_, **__: sys.displayhook('full marks')"
