"""What all tests share."""

from __future__ import annotations

import os

from hypothesis import settings
from workers import grader

__all__ = ["grader"]  # a fixture of several modules
LONGEST = [  # what takes one process minutes, the longest first
    *("test_corpus.py", "test_killed.py", "test_wheel.py", "test_lti.py", "test_nbgrader.py"),
    *("test_parity.py", "test_users.py", "test_gradescope.py", "test_forgery.py"),
]


def pytest_collection_modifyitems(items):
    """What takes longest begins first, so that no worker is left alone with it in the end."""
    place = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path.name, len(LONGEST)))


# The same examples on every run, on machines of any speed, and no folder left behind.
settings.register_profile("autograder", derandomize=True, deadline=None, database=None)
settings.register_profile("fuzz", deadline=None, database=None)  # make fuzz: others each time
settings.load_profile("fuzz" if "EXAMPLES" in os.environ else "autograder")
