import torch
import torch.nn as nn
import torch.nn.functional as F

from autograder.checks import check, close
from autograder.compare import identical, is_tensor
from autograder.exercise import case
from autograder.reference import alternative, mistake


class LeakyReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, slope):
        ctx.save_for_backward(x)
        ctx.slope = slope
        return torch.where(x > 0, x, slope * x)

    @staticmethod
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        return torch.where(x > 0, gradient, ctx.slope * gradient), None


why = r"""
By the chain rule $\partial L / \partial x_i = \partial L / \partial y_i \cdot \partial y_i /
\partial x_i$. The first factor arrives as `gradient`, whatever the loss was; the second is 1 where
$x_i > 0$ and $s$ elsewhere, so the sign of $x$ is all that has to be remembered. `slope` is a plain
number without a gradient, hence the `None` in its place. `torch.where` makes new tensors and leaves
alone what others may be using.
"""


def hidden(draw):
    def sizes(low, high):  # three of either sign
        signs = draw.shuffled([1, 1, 1, -1, -1, -1])
        return torch.tensor([s * draw.uniform(low, high) for s in signs], dtype=torch.float64)

    def slope_is_new(slope):  # neither the visible one nor PyTorch's own
        return abs(slope - 0.25) > 0.02 and slope > 0.05

    x = draw.screened(lambda: sizes(0.3, 2), lambda x: ((x.abs() - 1).abs() > 0.05).all())
    slope = draw.screened(lambda: draw.uniform(0.05, 0.4), slope_is_new)
    return case(x=x, slope=slope, upstream=sizes(1.25, 2))


@check("forward")
def input_kept(seen, wanted, case):
    if not identical(seen["forward"].value["x_afterwards"], case.x):
        return "the x that came in was changed: return a new tensor"


@check("returned")
def none_for_slope(seen, wanted, case):
    values = seen["returned"].value
    if not isinstance(values, list):
        return "backward returned one value: forward has two inputs, x and slope"
    first, *others = values
    if not is_tensor(first) or not others or any(value is not None for value in others):
        return "expected backward to return a gradient for x, and None for slope, a plain number"


checks = {
    "forward": close("forward", "y") & input_kept,
    "backward_ones": close("ones"),
    "uses_grad_output": close("upstream"),
    "gradcheck": close("jacobians").saying(
        "backward does not give the slopes that forward has, as small steps measure them, or it "
        "alters the gradient that comes in"
    ),
    "slope_none": none_for_slope,
}


@mistake(3, "This is the local derivative alone: multiply it by the incoming gradient.")
class grad_output_ignored(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, slope):
        ctx.save_for_backward(x)
        ctx.slope = slope
        return torch.where(x > 0, x, slope * x)

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return torch.where(x > 0, torch.ones_like(g), ctx.slope * torch.ones_like(g)), None


@mistake(1, "backward returns one value for every input of forward: add None for slope.")
class n_grads(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, slope):
        ctx.save_for_backward(x)
        ctx.slope = slope
        return torch.where(x > 0, x, slope * x)

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return torch.where(x > 0, g, ctx.slope * g)


@mistake(1, "slope is a plain number, and autograd takes no gradient for it: return None there.")
class gradient_for_slope(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, slope):
        ctx.save_for_backward(x)
        ctx.slope = slope
        return torch.where(x > 0, x, slope * x)

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return torch.where(x > 0, g, ctx.slope * g), (g * x.clamp(max=0)).sum()


@mistake(2, "This is backward of a plain ReLU: the slope is missing where x is negative.")
class relu_mask(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, slope):
        ctx.save_for_backward(x)
        return torch.where(x > 0, x, slope * x)

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * (x > 0), None


@mistake(1, "This is a plain ReLU: where x is negative, forward and backward scale by slope.")
class plain_relu(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, slope):
        ctx.save_for_backward(x)
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * (x > 0), None


@mistake(2, "You multiplied by the value y, not by its derivative: that is 1 or slope.")
class value_not_derivative(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, slope):
        y = torch.where(x > 0, x, slope * x)
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, g):
        (y,) = ctx.saved_tensors
        return g * y, None


@mistake(1, "This slope is fixed to 0.01: take the one that is passed.")
class fixed_slope(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, slope):
        ctx.save_for_backward(x)
        return F.leaky_relu(x)

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return torch.where(x > 0, g, 0.01 * g), None


CHANGED = "The caller's own x was altered: compute a new tensor, or work on x.clone()."


@mistake(4, CHANGED)
class input_changed(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, slope):
        ctx.save_for_backward(x)
        ctx.slope = slope
        x[x <= 0] *= slope
        return x

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return torch.where(x > 0, g, ctx.slope * g), None


@mistake(4, CHANGED)
class input_marked_dirty(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, slope):
        ctx.slope, ctx.positive = slope, x > 0
        ctx.mark_dirty(x)
        return x.mul_(torch.where(ctx.positive, 1.0, slope))

    @staticmethod
    def backward(ctx, g):
        return torch.where(ctx.positive, g, ctx.slope * g), None


@mistake(5, "backward altered the incoming gradient, which others may share: work on a clone.")
class gradient_changed(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, slope):
        ctx.save_for_backward(x)
        ctx.slope = slope
        return torch.where(x > 0, x, slope * x)

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        g[x <= 0] *= ctx.slope
        return g, None


@mistake(1, "save_for_backward takes tensors only: keep the number as ctx.slope.")
class saved_number(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, slope):
        ctx.save_for_backward(x, slope)
        return torch.where(x > 0, x, slope * x)

    @staticmethod
    def backward(ctx, g):
        x, slope = ctx.saved_tensors
        return torch.where(x > 0, g, slope * g), None


@mistake(
    0, "A module or a plain function leaves it to autograd: derive from torch.autograd.Function."
)
class a_module(nn.Module):
    def __init__(self, slope=0.01):
        super().__init__()
        self.slope = slope

    def forward(self, x):
        return torch.where(x > 0, x, self.slope * x)


@alternative
class with_setup_context(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(x, slope):
        return F.leaky_relu(x, slope)

    @staticmethod
    def setup_context(ctx, inputs, output):
        x, ctx.slope = inputs
        ctx.save_for_backward(x)

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        return torch.ops.aten.leaky_relu_backward(grad_output, x, ctx.slope, False), None


@alternative
class clone_and_mask(torch.autograd.Function):
    @staticmethod
    def forward(ctx, input, slope):
        ctx.save_for_backward(input)
        ctx.slope = slope
        output = input.clone()
        output[input <= 0] *= slope
        return output

    @staticmethod
    def backward(ctx, grad_output):
        (input,) = ctx.saved_tensors
        grad_input = grad_output.clone()
        grad_input[input <= 0] *= ctx.slope
        return grad_input, None


@alternative
class derivative_saved(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, *numbers):
        (slope,) = numbers
        derivative = torch.full_like(x, slope)
        derivative[x > 0] = 1
        ctx.save_for_backward(derivative)
        return derivative * x

    @staticmethod
    def backward(ctx, *gradients):
        (derivative,) = ctx.saved_tensors
        return derivative.mul(gradients[0]), None, None  # more Nones than inputs are allowed


@alternative
class only_when_asked(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, slope):
        ctx.x, ctx.slope = x, slope
        return x.clamp(min=0) + slope * x.clamp(max=0)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, g):
        if not ctx.needs_input_grad[0]:
            return None, None
        positive = (ctx.x > 0).to(g.dtype)
        return g * (positive + ctx.slope * (1 - positive)), None


@alternative
class vjp_and_jvp(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, slope):
        y = torch.max(x, slope * x)  # as slope < 1
        ctx.save_for_backward(y)
        ctx.save_for_forward(y)
        ctx.slope = slope
        return y

    @staticmethod
    def vjp(ctx, g):
        (y,) = ctx.saved_tensors
        return g.where(y > 0, g * ctx.slope), None

    @staticmethod
    def jvp(ctx, tangent, _):
        (y,) = ctx.saved_tensors
        return tangent.where(y > 0, tangent * ctx.slope)


@alternative
class entry_by_entry(torch.autograd.Function):
    @staticmethod
    def scaled(tensor, factors):
        entries = [t * f for t, f in zip(tensor.flatten(), factors, strict=True)]
        return torch.stack(entries).reshape(tensor.shape)

    @classmethod
    def forward(cls, ctx, x, slope):
        ctx.factors = [1.0 if entry > 0 else slope for entry in x.flatten().tolist()]
        return cls.scaled(x, ctx.factors)

    @classmethod
    def backward(cls, ctx, g):
        return cls.scaled(g, ctx.factors), None


@alternative
class plain_functions(torch.autograd.Function):
    def forward(ctx, x, slope):  # works without @staticmethod, too
        ctx.save_for_backward(torch.sign(x), torch.tensor(slope, dtype=x.dtype))
        return (x + x.abs()) / 2 + slope * (x - x.abs()) / 2

    def backward(ctx, g):
        sign, slope = ctx.saved_tensors
        return g * ((1 + sign) / 2 + slope * (1 - sign) / 2), None
