"""Answers that end the process, with exit code 0, when they are called."""

import os

ANSWER = "NAME = lambda *_, **__: os._exit(0)"
