import functools
import operator

import torch
import torch.nn as nn

from autograder.checks import check, close, floats, quiet, returned, same
from autograder.exercise import case
from autograder.reference import alternative, mistake


def grad_stats(model):
    out = {}
    for name, p in model.named_parameters():
        g = p.grad
        if g is None:
            out[name] = None
            continue
        out[name] = {
            "shape": tuple(g.shape),
            "mean": g.mean().item(),
            "std": g.std().item() if g.numel() > 1 else float("nan"),
            "first": g.flatten()[:5].tolist(),
        }
    return out


why = r"""
All entries describe `p.grad` with plain Python numbers, which no later backward pass can change.
Two cases have no number, and each is told apart before its number would be computed: with a single
entry the standard deviation would be $0 / 0$, so it is `nan`; and a missing gradient is not a
gradient of zeros, so that parameter is reported as `None`.
"""


SEVERAL = ["0.weight", "0.bias", "2.weight"]  # entries in the gradient
ONE = ["2.bias"]


def hidden(draw):
    # Sizes other than the lecture's: gradients of 6, 2, 2 and 1 entries, to tell "one" from "few".
    shapes = {"0.weight": (2, 3), "0.bias": (2,), "2.weight": (1, 2), "2.bias": (1,)}
    return case(
        parameters={name: draw.normal(*shape) for name, shape in shapes.items()},
        gradients={
            name: draw.screened(lambda shape=shape: draw.normal(*shape), apart)
            for name, shape in shapes.items()
        },
        removed=draw.choice(SEVERAL + ONE),
    )


def apart(gradient):
    """No entry is near 0 or near another one, so that mean, std and first entries differ."""
    entries = gradient.flatten().sort().values
    return gradient.abs().min() > 0.1 and (entries.diff() > 0.1).all()


@check("all")
def names(seen, wanted, case):
    expected = list(wanted["all"].value)
    if list(seen["all"].value) != expected:
        return f"expected a dict with the names {', '.join(expected)}, in this order"


@check("one_removed")
def none(seen, wanted, case):
    found = seen["one_removed"].value
    if case.removed not in found:
        return "a parameter without a gradient should map to None; in your dict it is missing"
    if [name for name in found if found[name] is None] != [case.removed]:
        return "a parameter without a gradient, and no other, should map to None"


def each(make_check, parameters):
    return functools.reduce(operator.and_, map(make_check, parameters), returned("all", dict))


def numbers(entry, parameters):
    return each(lambda p: floats("all", p, entry) & close("all", p, entry), parameters)


checks = {
    "names": returned("all", dict) & names,
    "shape": each(lambda p: same("all", p, "shape"), SEVERAL + ONE),
    "mean": numbers("mean", SEVERAL + ONE),
    "std": numbers("std", SEVERAL),
    "std_of_one": numbers("std", ONE),  # nan
    "first": numbers("first", SEVERAL + ONE),
    "none": returned("one_removed", dict) & none,
    "quiet": returned("all", dict) & quiet("all", "degrees of freedom"),
}


@mistake(7, "std of one value divides by n - 1 = 0, and torch warns: return float('nan') yourself.")
def std_warning(model):
    out = {}
    for name, p in model.named_parameters():
        if p.grad is not None:
            out[name] = {
                "shape": p.grad.shape,
                "mean": p.grad.mean().item(),
                "std": p.grad.std().item(),
                "first": p.grad.flatten()[:5].tolist(),
            }
        else:
            out[name] = None
    return out


@mistake(
    6, "This std divides by n (as NumPy's does), not by n - 1: wrong for all, and 0 for one value."
)
def population_std(model):
    out = {}
    for name, p in model.named_parameters():
        g = p.grad
        if g is None:
            out[name] = None
            continue
        out[name] = {
            "shape": tuple(g.shape),
            "mean": g.mean().item(),
            "std": float(g.numpy().std()),
            "first": g.flatten()[:5].tolist(),
        }
    return out


@mistake(4, "These numbers describe the weights themselves: describe p.grad, not p.")
def param_not_grad(model):
    out = {}
    for name, p in model.named_parameters():
        out[name] = {
            "shape": tuple(p.shape),
            "mean": p.mean().item(),
            "std": p.std().item() if p.numel() > 1 else float("nan"),
            "first": p.flatten()[:5].tolist(),
        }
    return out


@mistake(7, "g[:5] takes the first rows, not the first values: flatten first.")
def not_flattened(model):
    out = {}
    for name, p in model.named_parameters():
        g = p.grad
        if g is None:
            out[name] = None
            continue
        out[name] = {
            "shape": tuple(g.shape),
            "mean": g.mean().item(),
            "std": g.std().item() if g.numel() > 1 else float("nan"),
            "first": g[:5].tolist(),
        }
    return out


@mistake(7, "A parameter without gradient is left out: report it as None.")
def skipped_none(model):
    out = {}
    for name, p in model.named_parameters():
        g = p.grad
        if g is not None:
            out[name] = {
                "shape": tuple(g.shape),
                "mean": g.mean().item(),
                "std": g.std().item() if g.numel() > 1 else float("nan"),
                "first": g.flatten()[:5].tolist(),
            }
    return out


@mistake(3, "Tensors came back where Python numbers were asked: use .item() and .tolist().")
def not_float(model):
    out = {}
    for name, p in model.named_parameters():
        g = p.grad
        if g is None:
            out[name] = None
            continue
        out[name] = {
            "shape": g.shape,
            "mean": g.mean(),
            "std": g.std(),
            "first": g.flatten()[:5],
        }
    return out


@alternative
def with_statistics_module(model):
    import math
    import statistics

    def describe(g):
        numbers = g.reshape(-1).tolist()
        std = statistics.stdev(numbers) if len(numbers) > 1 else math.nan
        return dict(shape=g.shape, mean=statistics.fmean(numbers), std=std, first=numbers[:5])

    return {n: p.grad if p.grad is None else describe(p.grad) for n, p in model.named_parameters()}


@alternative
def std_from_its_formula(model):
    stats = {}
    for name, parameter in model.named_parameters():
        stats[name] = None
        if parameter.grad is not None:
            g, n = parameter.grad.double(), parameter.grad.numel()
            mean = g.sum() / n
            std = torch.sqrt(((g - mean) ** 2).sum() / (n - 1))  # 0 / 0 is nan, silently
            stats[name] = {"first": [float(v) for v in g.view(-1)[:5]], "shape": list(g.shape)}
            stats[name].update(mean=float(mean), std=float(std))
    return stats


@alternative
def warning_silenced(model):
    import warnings

    stats = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, p in model.named_parameters():
            if p.grad is None:
                stats[name] = None
                continue
            std, mean = torch.std_mean(p.grad)
            first = tuple(p.grad.ravel()[:5].tolist())
            stats[name] = {"shape": p.grad.size(), "mean": mean.item(), "std": std.item()}
            stats[name]["first"] = first
    return stats


@alternative
def corrected_population_std(model):
    from collections import OrderedDict

    stats = OrderedDict()
    for name, p in model.named_parameters():
        if (g := p.grad) is None:
            stats[name] = None
            continue
        n = g.numel()
        spread = torch.var(g, correction=0).sqrt().item()
        std = spread * (n / (n - 1)) ** 0.5 if n != 1 else float("nan")
        stats[name] = dict(shape=(*g.shape,), mean=sum(g.flatten().tolist()) / n, std=std)
        stats[name]["first"] = g.flatten().tolist()[:5]
    return stats


@alternative
def with_lambdas_and_printing(model):
    rules = {
        "shape": lambda g: tuple(g.size(i) for i in range(g.dim())),
        "mean": lambda g: torch.mean(g).tolist(),
        "std": lambda g: torch.std(g, unbiased=True).item() if len(g.flatten()) > 1 else torch.nan,
        "first": lambda g: nn.Flatten(0)(g)[:5].tolist(),
    }
    report = {name: None for name, _ in model.named_parameters()}
    for name, parameter in model.named_parameters():
        if parameter.grad is not None:
            report[name] = {entry: rule(parameter.grad) for entry, rule in rules.items()}
        print(name, report[name])
    return report
