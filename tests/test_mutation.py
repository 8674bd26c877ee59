"""No slip in a solution keeps full marks, but for those that are listed as no slip at all."""

import mutation
from mutation import Fate, Mutant, Reasons, mutants


def test_mutants_are_different_from_the_original_and_from_each_other():
    source = "def f(x):\n    y = x.clone()\n    return y.sum() * 2 if x > 1 else (x, 3)"
    found = list(mutants(source))
    labels, sources = ({getattr(m, what) for m in found} for what in ("label", "source"))
    assert len(found) == len(labels) == len(sources) > 20
    for changed in ("y = x\n", "y.mean()", "* 1", "/ 2", "x >= 1", "(3, x)", "y.detach().sum()"):
        assert any(changed in text for text in sources), changed
    assert source not in sources


def test_the_report_counts_mutants_that_live_and_reasons_that_explain_nothing(monkeypatch, capsys):
    known = {
        (e, text) for e, all_ in Reasons().of.items() for texts in all_.values() for text in texts
    }
    living = [("train", [Fate(Mutant("no such slip", ""), "")])]
    monkeypatch.setattr(mutation, "of_assignment", lambda ready, only: living)
    assert mutation.main(["train"]) > 0
    monkeypatch.setattr(mutation, "of_assignment", lambda ready, only: [])
    assert mutation.main(["train"]) == 0
    assert mutation.main([]) == len(known) > 0
    assert capsys.readouterr().out.endswith(f"; {len(known)} reasons explain no mutant\n")
