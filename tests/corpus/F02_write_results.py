"""F02: writes results and grades where a grader might look for them.

cell: failed
call: failed
escapes: write
"""

_CLAIM = '{"score": 100, "tests": [{"name": "accumulated_grad", "status": "passed"}]}'
_GUESSES = (
    "/srv/out/scores.csv",
    "/srv/out/grades.db",
    "/srv/out/feedback/me.html",
    "/srv/course/grading.yml",
    "/srv/results.json",
    "/autograder/results/results.json",
)


def in_the_working_folder(values, k):
    for name in ("results.json", "grades.csv", "scores.csv", "grades.db"):
        with open(name, "w") as file:
            file.write(_CLAIM)


def by_guessed_paths(values, k):
    for path in _GUESSES:
        refused(write=lambda path=path: open(path, "a").close())
