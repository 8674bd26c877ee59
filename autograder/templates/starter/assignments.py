r"""### The slope of a cube

Write `{{ name }}(values)`, which returns the derivative of $y = x^3$ at every number in `values` (a
list of floats), as a float tensor of shape `(len(values),)`. Let autograd compute it.

Example: `{{ name }}([1.0, 2.0])` gives `tensor([3., 12.])`.
"""

from autograder.exercise import attempt, case


def {{ name }}(values):
    """The slope of x³ at every number in `values`: a tensor of shape (len(values),)."""
    raise NotImplementedError("{{ name }}")


# The inputs of one call, which students see; hidden cases have other numbers.
visible = case(values=[1.0, 2.0])


# How to look at an answer: call it, and return what should be judged, part by part.
def probe({{ name }}, case):
    return {"slopes": attempt(lambda: {{ name }}(case.values))}
