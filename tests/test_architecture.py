"""The house rules that hold the design, checked on the source text."""

import ast
import subprocess
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "autograder"
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in PACKAGE.rglob("*.py")
    if "templates" not in path.parts
}
STEPS = {
    f"autograder.{name}"
    for name in (
        "reading.read",
        "running.run",
        "judging.judge",
        "results.score",
        "results.store",
        "pages.pages",
    )
}
HIDDEN = {
    f"autograder.{name}"
    for name in ("reference", "checks", "compare", "draw", "grader", "pages.overview")
}
SECRET_ROOMS = ("course", "judging", "results")  # nothing in them is for a worker


def imports(module: str) -> set[str]:
    """The modules of ours that a module imports, in functions too."""
    found = set()
    package = module.split(".") if MODULES[module].name == "__init__.py" else module.split(".")[:-1]
    for node in ast.walk(ast.parse(MODULES[module].read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            name = ".".join([*base, *(node.module or "").split(".")]).strip(".")
            found |= {name, *(f"{name}.{alias.name}" for alias in node.names)}
    return found & MODULES.keys()


GRAPH = {module: imports(module) for module in MODULES}


def closure(modules: set[str]) -> set[str]:
    reached, todo = set(), set(modules)
    while todo:
        module = todo.pop()
        reached.add(module)
        todo |= GRAPH[module] - reached
    return reached


def test_git_keeps_every_module_and_so_does_the_wheel():
    if not (ROOT / ".git").exists():
        pytest.skip("no checkout: nothing is ignored")
    paths = map(str, MODULES.values())
    command = ["git", "-C", str(ROOT), "check-ignore", "--no-index", *paths]
    ignored = subprocess.run(command, capture_output=True, text=True)
    assert (ignored.returncode, ignored.stdout) == (1, "")  # 1: none is


def test_the_graph_is_not_empty():
    assert "autograder.judging.judge" in GRAPH["autograder.grader"]
    assert "autograder.worker.serve" in GRAPH["autograder.worker.zygote"]


def test_the_process_of_student_code_imports_nothing_that_knows_an_answer():
    worker = {module for module in MODULES if module.startswith("autograder.worker")}
    assert closure(worker) & HIDDEN == set()
    assert not [m for m in closure(worker) if {*m.split(".")} & {*SECRET_ROOMS}]


def test_what_a_worker_can_see_of_the_engine_is_what_it_imports():
    from autograder.running.zygotes import WORKER_FILES

    worker = {module for module in MODULES if module.startswith("autograder.worker")}
    needed = {MODULES[m].relative_to(PACKAGE).parts[0] for m in closure(worker)} | {"__init__.py"}
    assert set(WORKER_FILES) == needed


def test_a_bundle_holds_just_what_judging_in_a_kernel_imports():
    from autograder.doors.bundle import MODULES as BUNDLED

    needed = closure({"autograder.doors.hidden_tests"}) - {"autograder"}
    paths = {MODULES[m].relative_to(PACKAGE) for m in needed}
    rooms = {folder / "__init__.py" for path in paths for folder in path.parents}
    assert {f"{module}.py" for module in BUNDLED} == {str(path) for path in paths | rooms}


def test_public_halves_import_the_public_vocabulary_only():
    for path in sorted((ROOT / "assignments").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("autograder"):
                assert node.module == "autograder.exercise", path


@pytest.mark.parametrize("step", sorted(STEPS))
def test_steps_know_the_data_model_and_not_each_other(step):
    allowed = {"autograder.pages.pages": {"autograder.results.score"}}  # pages show scores
    assert GRAPH[step] & STEPS - allowed.get(step, set()) == set()


def test_all_that_verdicts_depend_on_is_in_the_digest():
    from autograder.course.outline import DECIDING

    needed = closure({"autograder.grader", "autograder.worker.zygote"}) | {"autograder.grader"}
    rooms = {module.split(".")[1] for module in needed if MODULES[module].parent != PACKAGE}
    assert rooms == set(DECIDING)


def test_there_is_no_import_cycle():
    for module in MODULES:
        assert module not in closure(GRAPH[module]), module


def test_rooms_know_each_other_in_one_direction_only():
    """A room is a folder; a module of ours beside the rooms is one of its own."""

    def room(module):
        return module if MODULES[module].parent == PACKAGE else ".".join(module.split(".")[:2])

    rooms = {}
    for module, imported in GRAPH.items():
        if module != "autograder":
            rooms.setdefault(room(module), set()).update(map(room, imported - {"autograder"}))
    order = TopologicalSorter({a: known - {a} for a, known in rooms.items()})
    assert set(order.static_order()) == rooms.keys()  # or a CycleError names them


@pytest.mark.parametrize("module", sorted(MODULES))
def test_no_module_is_longer_than_300_lines(module):
    assert len(MODULES[module].read_text().splitlines()) <= 300


def test_nothing_unpickles_or_evaluates():
    for module, path in MODULES.items():
        calls = [n.func for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Call)]
        names = {getattr(f, "id", getattr(f, "attr", "")) for f in calls}
        assert not names & {"eval", "loads_pickle", "Unpickler"}, module
        loaded = [ast.unparse(f) for f in calls if getattr(f, "attr", "") in ("load", "loads")]
        assert not [f for f in loaded if not f.startswith(("json.", "YAML("))], module
