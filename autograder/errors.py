"""Every error that a person may see, as one tree.

AutograderError
├── CourseError        grading.yml, an exercise file or the course folder is wrong
│   └── SolutionRaised a solution raised on a case, perhaps of one student only
├── SubmissionsError   there is nothing to grade where we were told to look
├── ResultsError       a results folder is none, of something else, or lacks what is asked for
│   └── FolderBusy     another process is writing to it
├── SheetError         a table is not what it should be, and nothing was written
├── MarkError          a mark is for no answer that is there, or outside of the rubric
├── SandboxError       this machine cannot run student code safely, or a zygote did not start
│   └── ZygoteDied     a zygote that had started is gone
├── ClusterError       no cluster answers, or a worker of it cannot grade
├── LmsError           an LMS refused, or its answer is not what was asked for
│   └── OutcomeUnknown it did not answer, and may or may not have done what was asked
└── ProtocolError      a worker sent something that is not a valid frame (the submission's verdict)

Each message says what was expected, what came, where, and what to try.
"""

import errno

_ROOM = "make room, then run the same again to go on"
_WRITABLE = "make it writable, or choose another place"
CURES = {
    errno.ENOSPC: _ROOM,
    errno.EDQUOT: _ROOM,
    errno.EROFS: _WRITABLE,
    errno.EACCES: _WRITABLE.replace("writable", "readable and writable"),
}


def explain(error: OSError) -> str:
    """What the system refused, in one sentence, with what to try."""
    where = f"{error.filename}: " if error.filename else ""
    cure = f": {CURES[error.errno]}" if error.errno in CURES else ""
    return f"{where}{error.strerror or error}{cure}"


def lacks(package: str | None, extra: str) -> str:
    """What to install for a package that only an extra of ours brings; we are on no index."""
    return f"{package} is not installed: pip install '.[{extra}]' in a clone, or 'WHEEL[{extra}]'"


class AutograderError(Exception):
    """Base of all of them: one line for a person, exit code 1."""


class CourseError(AutograderError):
    """The course folder, `grading.yml` or an exercise file is wrong."""


class SolutionRaised(CourseError):
    """A solution raised on a case, perhaps of one student only."""


class SubmissionsError(AutograderError):
    """There is nothing to grade where we were told to look."""


class ResultsError(AutograderError):
    """A results folder is none, damaged or of something else, or lacks what is asked for."""


class FolderBusy(ResultsError):
    """Another process is writing to the results folder."""


class SheetError(AutograderError):
    """A table of an LMS's, or of marks, is not what it should be, and nothing was written."""


class MarkError(AutograderError):
    """A mark is for no answer that is there, or outside of the rubric."""


class SandboxError(AutograderError):
    """This machine cannot run student code safely, or a zygote did not start."""


class ZygoteDied(SandboxError):
    """A zygote that had started is gone."""


class ClusterError(AutograderError):
    """No cluster answers, or a worker of it cannot grade."""


class LmsError(AutograderError):
    """An LMS refused, or its answer is not what was asked for."""


class OutcomeUnknown(LmsError):
    """An LMS did not answer: it may or may not have done what was asked."""


class ProtocolError(AutograderError):
    """A worker sent something that is not a valid frame."""
