"""The configuration of this nbgrader course; written by `autograder build`, with its reasons."""

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
from nbgrader.utils import is_grade, is_task

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
    """Of a cell that was copied, the last counts; the others become ordinary cells.

    nbgrader leaves them with empty metadata, takes those for an old format, and ends the run for
    everybody.
    """

    def preprocess_cell(self, cell, resources, cell_index):
        cell, resources = super().preprocess_cell(cell, resources, cell_index)
        if not cell.metadata.get("nbgrader", True):
            del cell.metadata["nbgrader"]
        return cell, resources


class NothingMissing(OverwriteCells):
    """Tests that were deleted run at the end, and deleted answers count as not given.

    nbgrader (with `add_missing_cells`) looks for the cell before, which may be missing as well.
    """

    def preprocess(self, nb, resources):
        self.add_missing_cells = True
        return super().preprocess(nb, resources)

    def add_missing_grade_cells(self, nb, resources):
        notebook = self.gradebook.find_notebook(self.notebook_id, self.assignment_id)
        sources = {cell.name: cell for cell in notebook.source_cells}
        answers = {cell.name for cell in notebook.solution_cells}
        present = {cell.metadata.get("nbgrader", {}).get("grade_id") for cell in nb.cells}
        for missing in notebook.grade_cells:
            if (name := missing.name) not in present:
                self.log.warning("cell %r was missing and is put back", name)
                cell = self.missing_cell_transform(
                    sources[name], missing.max_score, is_solution=name in answers
                )
                cell.source = sources[name].source  # without a notice: it would look like an answer
                nb.cells.append(cell)
        return nb, resources


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
    Execute,
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
