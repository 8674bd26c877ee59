# Made by `autograder build`.
OK_FORMAT = False

from otter.test_files import test_case

{{ helpers }}


{{ visible }}


@test_case(name="visible case", points={{ 0 if points else 1 }}, hidden=False)
def _visible_case(env):
    global ANSWERS
    ANSWERS = env
    report = checked({{ exercise | python }}, probe, visible, wanted)
    assert report.startswith("passes"), report
{% if points %}


import sys as _sys
import warnings as _warnings
from pathlib import Path as _Path

from IPython import get_ipython as _get_ipython

_shell = _get_ipython()  # the notebook may be in another folder by now
_bundled = _Path(_shell.starting_dir if _shell else "", {{ bundle | python }}).resolve()
if str(_bundled) not in _sys.path:
    _sys.path.insert(0, str(_bundled))  # before an engine that may be installed

with _warnings.catch_warnings():  # they may be errors by now
    _warnings.simplefilter("ignore")
    from autograder.doors.hidden_tests import Bundle as _Bundle

_bundle = _Bundle.of(_bundled)
{% for check, worth in points.items() %}


@test_case(name={{ check | python }}, points={{ worth | python }}, hidden=True, failure_message={{ message.format(check) | python }})
def _check_{{ loop.index }}(env):
    problem = _bundle.problem({{ exercise | python }}, {{ check | python }}, env)
    if _bundle.finished:
        env.pop("open", None)  # otter's last line means Python's own
    assert not problem, problem
{% endfor %}
{% endif %}


name, points = {{ exercise | python }}, None
