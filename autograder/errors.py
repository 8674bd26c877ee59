"""Every error that a person may see, as one tree.

AutograderError
├── CourseError        grading.yml, an exercise file or the course folder is wrong
│   └── SolutionRaised a solution raised on a case, perhaps of one student only
├── SubmissionsError   there is nothing to grade where we were told to look
├── ResultsError       the results folder belongs to something else
├── SheetError         a table of an LMS's is not what it should be, and nothing was written
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


class AutograderError(Exception):
    """Base of all of them: one line for a person, exit code 1."""


class CourseError(AutograderError):
    """The course folder, `grading.yml` or an exercise file is wrong."""


class SolutionRaised(CourseError):
    """A solution raised on a case, perhaps of one student only."""


class SubmissionsError(AutograderError):
    """There is nothing to grade where we were told to look."""


class ResultsError(AutograderError):
    """The results folder belongs to another assignment, secret or version."""


class SheetError(AutograderError):
    """A table of an LMS's is not what it should be, and nothing was written."""


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
