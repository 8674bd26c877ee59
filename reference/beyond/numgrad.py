import torch

from autograder.checks import check, close, shape
from autograder.exercise import case
from autograder.reference import alternative, mistake


def numgrad(f, x):
    h = 1e-5
    g = torch.zeros_like(x)
    for i in range(x.numel()):
        e = torch.zeros_like(x)
        e.view(-1)[i] = h
        g.view(-1)[i] = (f(x + e) - f(x - e)) / (2 * h)
    return g


why = r"""
In $f(x + h e_i) - f(x - h e_i)$ the terms with $f(x)$ and $h^2$ cancel, and what is left is $2h \,
\partial f / \partial x_i + O(h^3)$. Divided by $2h$ the error is $O(h^2)$, here about $10^{-10}$,
where looking to one side leaves $O(h)$. A smaller $h$ would not help for long: rounding errors of
about $10^{-16}$ are divided by $h$ as well. Both points are new tensors, so `x` is never touched.
"""


def hidden(draw):
    def candidate():
        x = draw.normal(3, 2).double()
        exp, product = draw.uniform(0.5, 2), draw.uniform(0.5, 2)
        return x, exp, draw.choice([-1, 1]) * draw.uniform(0.5, 1), product

    x, exp, cube, product = draw.screened(candidate, _tells)
    return case(x=x, exp=exp, cube=cube, product=product)


def _tells(candidate):
    x, exp, cube, product = candidate
    if x.abs().min() < 0.3 or x.abs().max() > 1.5:
        return False
    before = torch.cat([torch.zeros(1), x.flatten()[:-1]]).view_as(x)
    after = torch.cat([x.flatten()[1:], torch.zeros(1)]).view_as(x)
    g = exp * x.exp() + 3 * cube * x**2 + product * (before + after)
    curvature = (exp * x.exp() + 6 * cube * x).abs().max()
    size = g.abs().max()
    if g.abs().min() < 0.1 or not 1 <= size <= 10:
        return False
    if not 1 <= curvature <= 10 * size:  # one-sided: wrong, but not by 1e-3
        return False
    return (g.sum() - g).abs().max() > 0.1 * size  # all entries moved at once


COARSE = {"torch.float16", "torch.bfloat16", "torch.float32"}


@check("run")
def differences_are_fine(seen, wanted, case):
    if found := sorted(COARSE.intersection(seen["run"].value["dtypes_given_to_f"])):
        return f"{found[0]} rounds too coarsely for such small differences: stay in float64"


@check("run")
def result_is_fine(seen, wanted, case):
    dtype = seen["run"].value["dtype"]
    if dtype in COARSE:
        return f"the result is {dtype}, which keeps no eight digits: stay in float64"


@check("run")
def computed(seen, wanted, case):
    run = seen["run"].value
    if run["gradient"] is None or not run["dtypes_given_to_f"]:
        return "nothing came back that was computed from values of f"


checks = {
    "roughly_right": differences_are_fine
    & result_is_fine
    & close("run", "gradient", absolute=0, relative=1e-3),
    "central_accuracy": differences_are_fine
    & result_is_fine
    & close("run", "gradient", absolute=0, relative=1e-8),
    "shape": shape("run", "gradient"),
    "x_restored": computed
    & close("run", "change_of_x", absolute=1e-8, relative=0).saying(
        "x is not what it was: put every entry back"
    ),
}


@mistake(4, "Roughly right, not accurate: take f on both sides of x, in float64 and with h = 1e-5.")
def one_sided(f, x):
    h = 1e-5
    g = torch.zeros_like(x)
    for i in range(x.numel()):
        e = torch.zeros_like(x)
        e.view(-1)[i] = h
        g.view(-1)[i] = (f(x + e) - f(x)) / h
    return g


@mistake(2, "Minus the derivative: take f to the left of x from f to the right of it.")
def sign(f, x):
    h = 1e-5
    g = torch.zeros_like(x)
    for i in range(x.numel()):
        e = torch.zeros_like(x)
        e.view(-1)[i] = h
        g.view(-1)[i] = (f(x - e) - f(x + e)) / (2 * h)
    return g


@mistake(2, "In float32 such small differences drown in rounding: leave x in float64.")
def float32(f, x):
    h = 1e-5
    x = x.float()
    g = torch.zeros_like(x)
    for i in range(x.numel()):
        e = torch.zeros_like(x)
        e.view(-1)[i] = h
        g.view(-1)[i] = (f(x + e) - f(x - e)) / (2 * h)
    return g


@mistake(2, "The result is rounded to float32, torch's default dtype: use torch.zeros_like(x).")
def float32_result(f, x):
    h = 1e-5
    g = torch.zeros(x.shape)
    for i in range(x.numel()):
        e = torch.zeros_like(x)
        e.view(-1)[i] = h
        g.view(-1)[i] = (f(x + e) - f(x - e)) / (2 * h)
    return g


@mistake(3, "Each entry that you change must be put back before the next one has its turn.")
def x_changed(f, x):
    h = 1e-5
    g = torch.zeros_like(x)
    for i in range(x.numel()):
        x.view(-1)[i] += h
        above = f(x)
        x.view(-1)[i] -= 2 * h
        below = f(x)
        g.view(-1)[i] = (above - below) / (2 * h)
    return g


AT_ONCE = (
    "Moving all entries together gives one directional derivative: move one entry at a time, and "
    "keep the others."
)


@mistake(2, "Half of the gradient: flat[i] is a view, and changes with x: keep flat[i].item().")
def old_is_a_view(f, x):
    h = 1e-5
    g, flat = torch.zeros_like(x), x.view(-1)
    for i in range(len(flat)):
        old = flat[i]
        flat[i] = old + h
        above = f(x)
        flat[i] = old - h
        below = f(x)
        flat[i] = old
        g.view(-1)[i] = (above - below) / (2 * h)
    return g


@mistake(2, "x[i] is a whole row here: move one entry at a time, as in x.view(-1).")
def row_at_once(f, x):
    h = 1e-5
    g = torch.zeros_like(x)
    for i in range(len(x)):
        e = torch.zeros_like(x)
        e[i] = h
        g[i] = (f(x + e) - f(x - e)) / (2 * h)
    return g


@mistake(2, AT_ONCE)
def all_at_once(f, x):
    h = 1e-5
    g = torch.zeros_like(x)
    for i in range(x.numel()):
        g.view(-1)[i] = (f(x + h) - f(x - h)) / (2 * h)
    return g


@mistake(1, AT_ONCE)
def one_number(f, x):
    h = 1e-5
    return (f(x + h) - f(x - h)) / (2 * h)


@mistake(2, "Exactly twice too big: the two points are 2h apart, so divide by 2h.")
def half(f, x):
    h = 1e-5
    g = torch.zeros_like(x)
    for i in range(x.numel()):
        e = torch.zeros_like(x)
        e.view(-1)[i] = h
        g.view(-1)[i] = (f(x + e) - f(x - e)) / h
    return g


@mistake(2, "All zeros: both names stand for x itself, so f is taken at one point twice; clone x.")
def same_tensor(f, x):
    h = 1e-5
    g = torch.zeros_like(x)
    for i in range(x.numel()):
        above, below = x, x
        above.view(-1)[i] += h
        below.view(-1)[i] -= h
        g.view(-1)[i] = (f(above) - f(below)) / (2 * h)
    return g


@mistake(1, "The numbers lie in a row: give the result the shape of x.")
def flat(f, x):
    h = 1e-5
    g = []
    for i in range(x.numel()):
        e = torch.zeros_like(x)
        e.view(-1)[i] = h
        g.append((f(x + e) - f(x - e)) / (2 * h))
    return torch.stack(g)


@mistake(0, "f leaves no graph, so autograd finds no way back to x: use values of f alone.")
def used_autograd(f, x):
    x.requires_grad_(True)
    f(x).backward()
    return x.grad


@alternative
def in_place_and_put_back(f, x):
    h, g = 1e-5, torch.empty(x.shape, dtype=x.dtype)
    entries, out = x.view(-1), g.view(-1)
    for i in range(len(entries)):
        old = entries[i].item()
        entries[i] = old + h
        above = f(x)
        entries[i] = old - h
        out[i] = (above - f(x)) / (2 * h)
        entries[i] = old
    return g


@alternative
def stepped_back_and_forth(f, x):
    h, slopes = 1e-5, []
    for entry in x.flatten():  # views of x, but for their last bit left as they were
        entry += h
        above = f(x).item()
        entry -= 2 * h
        below = f(x).item()
        entry += h
        slopes.append((above - below) / h / 2)
    return torch.tensor(slopes, dtype=torch.float64).reshape(x.shape)


@alternative
def by_index(f, x):
    from itertools import product

    def shifted(index, step):
        moved = x.clone()
        moved[index] += step
        return f(moved)

    g = torch.full_like(x, float("nan"))
    for index in product(*map(range, x.shape)):
        g[index] = (shifted(index, 1e-5) - shifted(index, -1e-5)) / 2e-5
    return g


@alternative
def rows_of_the_identity(f, x):
    steps = 1e-5 * torch.eye(x.numel(), dtype=x.dtype).reshape(-1, *x.shape)
    return torch.stack([f(x + e) - f(x - e) for e in steps]).div(2e-5).reshape(x.shape)


@alternative
def with_vmap(f, x):
    steps = 1e-5 * torch.eye(x.numel(), dtype=x.dtype).unflatten(1, x.shape)
    above, below = torch.vmap(f)(x + steps), torch.vmap(f)(x - steps)
    return ((above - below) / 2e-5).view_as(x)


@alternative
def with_numpy(f, x):
    import numpy as np

    point, slopes = x.numpy(), np.zeros(x.shape)
    for index in np.ndindex(*point.shape):
        step = np.zeros_like(point)
        step[index] = 1e-5
        above, below = (float(f(torch.from_numpy(p))) for p in (point + step, point - step))
        slopes[index] = (above - below) / 2e-5
    return torch.from_numpy(slopes)


@alternative
def four_points(f, x):
    h, g = 1e-4, torch.zeros_like(x, requires_grad=True)

    def difference(e):
        return f(x + e) - f(x - e)

    with torch.no_grad():
        for i, e in enumerate(torch.eye(x.numel(), dtype=torch.double)):
            e = h * e.reshape(x.shape)
            g.view(-1)[i] = (8 * difference(e) - difference(2 * e)) / (12 * h)
    return g
