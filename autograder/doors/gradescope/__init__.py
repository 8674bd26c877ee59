"""Gradescope: our own grader, hardened, in Gradescope's container.

`archive` makes the zip that an instructor uploads. In the container `setup.sh` installs it, and
`run_autograder` starts `run`, which grades one submission and writes what `report` makes of it.
"""
