"""moodleteacher, an independent client of Moodle, against a server: prints what it read and wrote.

second_moodle_client.py ADDRESS TOKEN COURSE ASSIGNMENT USER GRADE
"""

import collections
import collections.abc
import json
import sys


def main(address: str, token: str, course: str, number: str, user: str, grade: str) -> None:
    collections.Sequence = collections.abc.Sequence  # which it still expects to be there
    from moodleteacher.assignments import MoodleAssignment
    from moodleteacher.connection import MoodleConnection
    from moodleteacher.courses import MoodleCourse

    connection = MoodleConnection(moodle_host=address, token=token)
    about = MoodleCourse(connection, int(course), "DL", "Deep learning")
    assignment = MoodleAssignment.from_assignment_id(about, int(number))
    submissions = assignment.submissions(must_have_files=False)
    (mine,) = [one for one in submissions if one.userid == int(user)]
    mine.save_grade(float(grade), feedback="from moodleteacher")
    read = {"name": assignment.name, "seen": sorted(one.userid for one in submissions)}
    print(json.dumps(read))


if __name__ == "__main__":
    main(*sys.argv[1:])
