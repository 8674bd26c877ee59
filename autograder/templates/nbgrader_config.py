"""The configuration of this nbgrader course; written by `autograder build`, with its reasons."""

import copy
import math
import re

from nbconvert.preprocessors import ClearMetadataPreprocessor, CSSHTMLHeaderPreprocessor
from nbgrader.preprocessors import (
    AssignLatePenalties,
    CheckCellMetadata,
    ClearHiddenTests,
    ClearMarkScheme,
    ClearOutput,
    DeduplicateIds,
    Execute,
    GetGrades,
    IgnorePattern,
    LimitOutput,
    NbGraderPreprocessor,
    OverwriteCells,
    OverwriteKernelspec,
    SaveAutoGrades,
)
from nbgrader.utils import compute_checksum, is_grade, is_task

c = get_config()  # noqa: F821 (nbgrader provides it)

c.CourseDirectory.course_id = "course"  # yours: the exchange goes by it

# The released skeletons are those of the student notebook but for this one line: each keeps its
# own `raise NotImplementedError("<exercise>")`, by which a check tells "not done yet".
c.ClearSolutions.code_stub = {"python": "# YOUR CODE HERE"}
c.ClearSolutions.text_stub = ""  # the cells for answers say themselves what goes there

# Seconds for a cell. The first one imports torch, which may take long on a busy machine; what is
# meant to be stopped, an endless loop, is stopped all the same.
c.Execute.timeout = 60

# nbgrader takes any output on stderr for a failed test, so that a warning would cost a right answer
# all its points. What counts is the value of the test alone.
c.IgnorePattern.enabled = True
c.IgnorePattern.pattern = ".*"


class OneOfEach(DeduplicateIds):
    """Of a cell that was copied, the last that was changed counts; the others are ordinary cells.

    nbgrader keeps the last even if it is untouched, so that an answer in the first copy would earn
    0; and it leaves the others with empty metadata, takes those for an old format, and ends the run
    for everybody.
    """

    def preprocess(self, nb, resources):
        kept = {}
        for cell in nb.cells:
            if name := cell.metadata.get("nbgrader", {}).get("grade_id"):
                if name not in kept or changed(cell) or not changed(kept[name]):
                    kept[name] = cell
        for cell in nb.cells:
            if "nbgrader" in cell.metadata:
                name = cell.metadata.nbgrader.get("grade_id")
                if kept.get(name) is not cell:
                    self.log.warning("cell %r is there more than once", name)
                    del cell.metadata["nbgrader"]
        return nb, resources


def changed(cell):
    """Whether somebody wrote in a cell."""
    return cell.metadata.nbgrader.get("checksum") != compute_checksum(cell)


class NothingMissing(OverwriteCells):
    """Tests that were deleted run at the end, and deleted answers count as not given.

    nbgrader (with `add_missing_cells`) looks for the cell before, which may be missing as well.

    Some tools drop metadata, and with it nbgrader's: then the answer to a question is found by its
    cell's id, or as the cell after the prompt. If no metadata is left and it is not found so, a
    person has to look, which is what nbgrader asks for where an answer cell is not untouched.
    """

    def preprocess(self, nb, resources):
        self.add_missing_cells = True
        self.has_ids = (nb.nbformat, nb.nbformat_minor) >= (4, 5)
        return super().preprocess(nb, resources)

    def missing_cell_transform(self, source_cell, *arguments, **options):
        cell = super().missing_cell_transform(source_cell, *arguments, **options)
        if self.has_ids:
            cell["id"] = f"{source_cell.name}-again"
        return cell

    def add_missing_grade_cells(self, nb, resources):
        notebook = self.gradebook.find_notebook(self.notebook_id, self.assignment_id)
        sources = {cell.name: cell for cell in notebook.source_cells}
        answers = {cell.name for cell in notebook.solution_cells}
        present = {cell.metadata.get("nbgrader", {}).get("grade_id") for cell in nb.cells}
        for missing in notebook.grade_cells:
            if (name := missing.name) not in present:
                cell = self.missing_cell_transform(
                    sources[name], missing.max_score, is_solution=name in answers
                )
                cell.source = sources[name].source  # without a notice: it would look like an answer
                found = self.found(nb, name) if name in answers else None
                if found is not None:
                    self.log.warning("the answer %r had lost its metadata and was found", name)
                    self.update_cell_type(found, cell.cell_type)
                    found.metadata["nbgrader"] = cell.metadata["nbgrader"]
                    continue
                self.log.warning("cell %r was missing and is put back", name)
                if name in answers and not present - {None}:
                    cell.source += "\n\n(nbgrader's metadata is gone: is there an answer above?)"
                nb.cells.append(cell)
        return nb, resources

    def found(self, nb, name):
        """The cell that answers a question, though nothing of nbgrader's is in it."""
        after = zip(nb.cells, nb.cells[1:])
        below = [cell for prompt, cell in after if f"*Question `{name}`" in prompt.source]
        named = [cell for cell in nb.cells if cell.get("id") == name]
        lost = [cell for cell in named + below if "nbgrader" not in cell.metadata]
        return lost[0] if lost else None


HIDDEN = re.compile(
    r"^[^\n]*BEGIN HIDDEN TESTS.*?END HIDDEN TESTS[^\n]*\n", re.DOTALL | re.MULTILINE
)


class TestsLast(Execute):
    """Hidden tests run after the last cell: what counts is what the notebook defines in the end.

    Our own grader judges so, too. Where they stand, the visible halves of the tests run, as they
    did for the student. nbgrader gives 0 points for an error and all of them for no result: from
    hidden tests either is a fault on our side, for which it has to refuse the submission.
    """

    def preprocess(self, nb, resources):
        tests = [c for c in nb.cells if is_grade(c) and HIDDEN.search(c.source)]
        tests = [c for c in tests if c.metadata.nbgrader["points"]]
        whole, count = [test.source for test in tests], len(nb.cells)
        nb.cells += copy.deepcopy(tests)
        for test, last in zip(tests, nb.cells[count:]):
            points = last.source.splitlines()[-1]
            last.source = "".join(HIDDEN.findall(last.source)) + points
            test.source = HIDDEN.sub("", test.source)
        nb, resources = super().preprocess(nb, resources)
        for test, source, last in zip(tests, whole, nb.cells[count:]):
            said = [o for o in test.outputs if o.get("name") == "stdout"]
            test.source, test.outputs = source, said + self.judged(last)
        del nb.cells[count:]
        return nb, resources

    def judged(self, cell):
        """What hidden tests gave, or infinity, which nbgrader refuses."""
        stopped = [o for o in cell.outputs if o.get("ename") == "CellTimeoutError"]
        results = [o for o in cell.outputs if o.output_type == "execute_result"]
        said = [o for o in cell.outputs if o.get("name") == "stdout"]
        try:
            (value,) = [float(result.data["text/plain"]) for result in results]
        except ValueError:
            value = math.nan
        if stopped or value >= 0:
            return said + (stopped or results)
        refused = {"data": {"text/plain": "inf"}, "metadata": {}, "execution_count": None}
        return said + [type(cell)(output_type="execute_result", **refused)]


class NoTaskForNothing(SaveAutoGrades):
    """A prompt with its mark scheme is worth no points by itself: nobody need enter these.

    nbgrader would ask for them, and call every submission unmarked until somebody does.
    """

    def preprocess_cell(self, cell, resources, cell_index):
        cell, resources = super().preprocess_cell(cell, resources, cell_index)
        if is_task(cell) and not cell.metadata.nbgrader["points"]:
            name = cell.metadata.nbgrader["grade_id"]
            place = (self.notebook_id, self.assignment_id, self.student_id)
            grade = self.gradebook.find_grade(name, *place)
            grade.auto_score, grade.needs_manual_grade = 0, False
            self.gradebook.db.commit()
        return cell, resources


c.Autograde.sanitize_preprocessors = [
    ClearOutput,
    OneOfEach,
    OverwriteKernelspec,
    NothingMissing,
    CheckCellMetadata,
]

c.Autograde.autograde_preprocessors = [
    TestsLast,
    IgnorePattern,
    ClearMetadataPreprocessor,
    LimitOutput,
    NoTaskForNothing,
    AssignLatePenalties,
    CheckCellMetadata,
]


class WithoutTraceback(NbGraderPreprocessor):
    """Of an error in a test, such as a time-out, the last line: above it stands hidden code."""

    def preprocess_cell(self, cell, resources, cell_index):
        if is_grade(cell) and cell.cell_type == "code":
            for output in cell.outputs:
                if output.output_type == "error":
                    output.traceback = [f"{output.ename}: {output.evalue}"]
        return cell, resources


# Feedback without hidden tests and mark schemes, so that the assignment can be used again. Students
# read what each check earned, and why, in the output of the tests.
c.GenerateFeedback.preprocessors = [
    GetGrades,
    ClearHiddenTests,
    ClearMarkScheme,
    WithoutTraceback,
    CSSHTMLHeaderPreprocessor,
]
