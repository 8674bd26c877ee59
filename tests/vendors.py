"""The names that learning management systems give to what students hand in, by their own rules.

Written from the vendors' sources, where there are any, and not from our readers.
"""

from __future__ import annotations

import re
import unicodedata


def canvas_prefix(sortable_name: str, user: int, late: bool = False, anonymous: str = "") -> str:
    """ContentZipper#get_filename: lib/content_zipper.rb."""
    name = re.sub(r"_([0-9]+)_", r"\1", sortable_name).lower()
    parts = [] if anonymous else [name]
    parts += ["LATE"] * late + [f"anon_{anonymous}" if anonymous else str(user)]
    return "".join(c for c in "_".join(parts) if is_word(c))


def canvas(sortable_name: str, user: int, attachment: int, file: str, **more) -> str:
    """ContentZipper#add_upload_submission."""
    safe = re.sub(r'[\x00/\\:*?"<>|]+', "_", file)
    return f"{canvas_prefix(sortable_name, user, **more)}_{attachment}_{safe}"


def canvas_again(file: str, addition: object) -> str:
    """Attachment.make_unique_filename, for another upload of a name: app/models/attachment.rb."""
    ending = re.search(r"(\.[A-Za-z][A-Za-z0-9]*)*(\.[A-Za-z0-9]*)$", file)
    at = ending.start() if ending else len(file)
    return f"{file[:at]}-{addition}{file[at:]}"


def is_word(character: str) -> bool:
    """Ruby's [[:word:]]: letters, marks, decimal numbers and connecting punctuation."""
    return unicodedata.category(character)[0] in "LM" or unicodedata.category(character) in (
        "Nd",
        "Pc",
    )


def moodle(name: str, number: int | None, file: str, *, plugin="file", form="folder") -> str:
    """downloader::get_student_prefix and load_submissionplugin_filelist; `form` is the version."""
    prefix = name.replace("_", " ") + (f"_{number}" if number is not None else "")
    folder = moodle_clean(f"{prefix}_assignsubmission_{plugin}")
    if form == "flat":
        return f"{folder}_{moodle_clean(file)}"
    return folder + "_" * (form == "before 4.1") + "/" + file


def moodle_clean(name: str) -> str:
    """clean_filename, that is clean_param with PARAM_FILE: lib/classes/param.php."""
    name = re.sub(r"[\x00-\x1f\x7f-\x9f&<>\"`|':\\/]", "", name)
    name = re.sub(r"\.\.+", "", name)
    return "" if name == "." else name


def blackboard(
    assignment: str, user: str, time: str, *files: str, name="Jane Doe", word="attempt", index=True
) -> dict[str, bytes]:
    """The names of one attempt, each with what the LMS itself puts in."""
    stem = f"{assignment}_{user}_{word}_{time}"
    text = f"Name: {name} ({user})\nAssignment: {assignment}\nDate Submitted: some day\n"
    text += "Current Grade: Needs Grading\n\nSubmission Field:\nThere is none.\n\nFiles:\n"
    text += "".join(f"\tOriginal filename: {f}\n\tFilename: {stem}_{f}\n" for f in files)
    return (
        {f"{stem}.txt": text.encode()} | dict.fromkeys((f"{stem}_{file}" for file in files), b"")
        if index
        else dict.fromkeys((f"{stem}_{file}" for file in files), b"")
    )


def brightspace(ids: str, name: str, when: str, file: str, flat: bool = False) -> str:
    """One file; each attempt has a folder, or its time in the name."""
    return f"{ids} - {name} - {when}" + (" - " if flat else "/") + file


def gradescope_metadata(times: dict[int, str]) -> bytes:
    """submission_metadata.yml as Ruby writes it, with results that look like more of it."""
    return (
        b"---\n"
        + "".join(
            f"submission_{number}:\n"
            "  :submitters:\n  - :name: Jane Doe\n    :sid: '0100'\n    :email: jd@x.edu\n"
            f"  :created_at: {time}\n  :score: 8.0\n"
            "  :results:\n    tests:\n    - output: |\n        submission_1:\n"
            "          :created_at: 1999-01-01 00:00:00 Z\n"
            "  :history:\n  - :created_at: 1998-01-01 00:00:00.000000000 Z\n    :score: 6.0\n"
            for number, time in times.items()
        ).encode()
    )
