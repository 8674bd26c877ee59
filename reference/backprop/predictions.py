import math

import torch
import torch.nn as nn
import torch.nn.functional as F

from autograder.checks import check, close, returned, same
from autograder.reference import alternative, mistake, published

VISIBLE = published(__file__).visible
a, k = float(VISIBLE.a), VISIBLE.k


def hidden(draw):
    return VISIBLE  # the inputs are public; what is hidden is the answers


# Every answer is computed by doing what its question says.


def p1():
    x = torch.tensor(a, requires_grad=True)
    for _ in range(k):
        (x**2 + 3 * x).backward()
    return x.grad.item()


def p2():
    p = torch.tensor(a, requires_grad=True)
    q = torch.tensor(1.0, requires_grad=True)
    loss = p**2 + q
    loss.backward()
    try:
        loss.backward()
    except RuntimeError:
        pass
    return p.grad.item(), q.grad.item()


def gone_backward(rows, reduction="mean"):
    torch.manual_seed(0)
    linear = nn.Linear(2, 1)
    F.mse_loss(linear(rows), torch.ones(len(rows), 1), reduction=reduction).backward()
    return linear


def p3():
    used = gone_backward(torch.ones(3, 2))
    used.zero_grad()
    return "None" if used.bias.grad is None else "zeros"


def p4():
    gradient = gone_backward(torch.ones(3, 2)).bias.grad
    return (((gradient - gradient.mean()) ** 2).sum() / (gradient.numel() - 1)).sqrt().item()


def p5():
    weight = torch.full((1, 2), -1.0, requires_grad=True)
    out = torch.relu(torch.ones(3, 2) @ weight.T)
    loss = F.binary_cross_entropy_with_logits(out, torch.tensor([[0.0], [1.0], [0.0]]))
    loss.backward()
    return loss.item(), weight.grad.abs().max().item()


def p6():
    rows = torch.tensor([[1.0, 2.0], [-1.0, 3.0], [0.5, -2.0]])

    def factor(reduction):
        once, twice = (gone_backward(r, reduction) for r in (rows, rows.repeat(2, 1)))
        return (twice.weight.grad / once.weight.grad).mean().item()

    return factor("mean"), factor("sum")


def p7():
    def gradients(scale):
        linear = nn.Linear(2, 1)
        (
            linear(scale * torch.tensor([[1.0, 2.0], [3.0, 4.0]])) * torch.tensor(0.5)
        ).sum().backward()
        return linear.weight.grad, linear.bias.grad

    pairs = zip(gradients(10), gradients(1), strict=True)
    return tuple((large / small).mean().item() for large, small in pairs)


def p8():
    return torch.sigmoid(torch.relu(torch.linspace(-9, 9, 19))).min().item()


def p9():
    logits = torch.relu(torch.linspace(-9, 9, 19))
    label = torch.zeros_like(logits)
    return F.binary_cross_entropy_with_logits(logits, label, reduction="none").min().item()


predictions = dict(
    zip(
        [f"P{number}" for number in range(1, 10)],
        [p1(), p2(), p3(), p4(), p5(), p6(), p7(), p8(), p9()],
        strict=True,
    )
)

why = r"""
Four ideas answer all nine. `backward()` adds what each step of the walk brings, up to the step that
fails: $k\,(2a + 3)$ in P1, and $2a$ and $1 + 1$ in P2. What is not there differs from 0: a cleared
gradient is `None` (P3), and $0 / 0$ is `nan` (P4). The chain rule multiplies, and each factor can
be read off: a clipped ReLU has the slope 0, and its output 0 means $p = \tfrac{1}{2}$, at a loss of
$\ln 2$ (P5), a mean divides by the rows that a sum only adds up (P6), a weight multiplies its input
and a bias is multiplied by 1 (P7). Last, a ReLU gives no negative number, so $p \ge \sigma(0) =
\tfrac{1}{2}$ (P8), and $-\ln(1 - p)$, the loss for the label 0, is at least $\ln 2$ (P9).
"""


def right(name):
    number = close(name, absolute=1e-3, relative=0)
    if isinstance(predictions[name], tuple):
        return returned(name, list).saying("a pair was asked for: two numbers in brackets") & number
    return one_of_two & same(name).saying("not the right one") if name == "P3" else number


@check("P3")
def one_of_two(seen, wanted, case):
    if seen["P3"].value not in ("None", "zeros"):
        return 'write one of the two texts, "None" or "zeros"'


checks = {name: right(name) for name in predictions}

overwritten = mistake(
    8, "P1: backward() adds to x.grad, it does not overwrite it: k passes give k times the slope."
)(predictions | {"P1": 2 * a + 3})

a_raising_call_does_nothing = mistake(
    8,
    "P2: the second call raises at p**2, whose saved values are gone, but by then the part for q, "
    "which saved nothing, has already run and added once more.",
)(predictions | {"P2": (2 * a, 1.0)})

no_error = mistake(
    8, "P2: the second call does raise, at p**2, so p.grad stays at 2a; only q.grad is doubled."
)(predictions | {"P2": (4 * a, 2.0)})

zeros_after_zero_grad = mistake(
    8, "P3: zero_grad() sets .grad to None by default (set_to_none=True)."
)(predictions | {"P3": "zeros"})

population_formula = mistake(
    8, "P4: std divides by n - 1, and that is 0 for a single entry: 0 / 0 is nan."
)(predictions | {"P4": 0.0})

no_loss_when_dead = mistake(
    8, "P5: an output of 0 means p = 1/2, and that costs ln 2 for either label."
)(predictions | {"P5": (0.0, 0.0)})

small_but_not_0 = mistake(
    8, "P5: where the ReLU clips, its slope is exactly 0: nothing at all comes back."
)(predictions | {"P5": (predictions["P5"][0], 0.1)})

a_mean_doubles_too = mistake(
    8,
    "P6: twice the rows are also twice the divisor: the mean's gradient stays, the sum's doubles.",
)(predictions | {"P6": (2.0, 2.0)})

bias_sees_the_inputs = mistake(
    8,
    "P7: weight.grad multiplies what arrives by the input, bias.grad only adds up what arrives: "
    "it does not see the inputs.",
)(predictions | {"P7": (10.0, 10.0)})

probability_0 = mistake(8, "P8: a ReLU gives 0 at the least, and the sigmoid of 0 is 1/2.")(
    predictions | {"P8": 0.0}
)

loss_0 = mistake(8, "P9: p is at least 1/2, so the loss -ln(1 - p) is at least ln 2.")(
    predictions | {"P9": 0.0}
)


by_formula = alternative(
    {
        "P1": k * (2 * a + 3),
        "P2": [2 * a, 2],
        "P3": "None",
        "P4": math.nan,
        "P5": [math.log(2), 0],
        "P6": [1, 2],
        "P7": [10, 1],
        "P8": 1 / 2,
        "P9": math.log(2),
    }
)

rounded_to_what_people_write = alternative(
    predictions | {"P5": (0.6931, 0), "P6": (1, 2), "P8": 0.5, "P9": 0.69315}
)

as_tensors = alternative(
    {
        name: value if isinstance(value, str) else torch.tensor(value)
        for name, value in predictions.items()
        if not isinstance(value, tuple)
    }
    | {name: predictions[name] for name in ("P2", "P5", "P6", "P7")}
)

pairs_of_tensors = alternative(
    {
        name: tuple(torch.tensor(v) for v in value) if isinstance(value, tuple) else value
        for name, value in predictions.items()
    }
)

pairs_as_arrays = alternative(
    {
        name: torch.tensor(value) if isinstance(value, tuple) else value
        for name, value in predictions.items()
    }
)

under_small_letters = alternative({name.lower(): value for name, value in predictions.items()})

under_numbers = alternative({int(name[1:]): value for name, value in predictions.items()})

in_another_order_with_a_remark = alternative(
    dict(reversed(predictions.items())) | {"P10": "I ran none of them."}
)
