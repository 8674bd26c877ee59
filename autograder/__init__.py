"""Grade notebooks by what their functions compute, without ever showing them an answer.

`docs/architecture.md` draws the flow; `autograder.pipeline` is the flow.
"""

__version__ = "0.1.0"
