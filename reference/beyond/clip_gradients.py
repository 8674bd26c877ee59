import torch
import torch.nn as nn

from autograder.checks import came_back, check, close, shape
from autograder.compare import alike
from autograder.exercise import case
from autograder.reference import alternative, mistake

from ._small_net import apart, flat, some_gradients, some_parameters


def clip_gradients(model, max_norm):
    grads = [p.grad for p in model.parameters() if p.grad is not None]
    total = torch.sqrt(sum((g**2).sum() for g in grads))
    factor = min(1.0, float(max_norm / (total + 1e-6)))
    for g in grads:
        g.mul_(factor)
    return float(total)


why = r"""
One factor for all gradients shortens the vector that they form together and keeps its direction; a
factor for each tensor, or a limit for each entry, would turn it. Norms do not add up but squares
do, so the squares of all entries are added first. The factor is at most 1, since short gradients
are not to grow, and $10^{-6}$ avoids a division by 0. `mul_` changes the very tensors that are in
`.grad`, where the optimizer will look.
"""


def hidden(draw):
    def candidate():
        gradients = {name: 1.3 * g for name, g in some_gradients(draw).items()}
        return gradients, draw.choice(list(gradients)[:-1]), draw.uniform(0.3, 0.45)

    def mistakes_show(found):
        gradients, removed, share = found
        norm = flat(gradients).norm()
        limit = share * norm
        largest = max(g.abs().max() for name, g in gradients.items() if name != removed)
        if largest < 1.1 * limit or not 3.5 < norm < 6.5:
            return False
        each = {name: g * min(1.0, limit / g.norm()) for name, g in gradients.items()}
        by_sum = limit / sum(g.norm() for g in gradients.values())
        clamped = flat(gradients).clamp(-limit, limit)
        wrong = [flat(gradients), flat(each), clamped, by_sum * flat(gradients)]
        return apart([share * flat(gradients), *wrong])

    gradients, removed, share = draw.screened(candidate, mistakes_show)
    norm = float(flat(gradients).norm())
    return case(
        parameters=some_parameters(draw),
        gradients=gradients,
        removed=removed,
        low_limit=share * norm,
        high_limit=draw.uniform(2.1, 3.0) * norm,  # the four norms add up to at most 2 norm
    )


@check("grads_above")
def scaled(seen, wanted, case):
    if alike(seen["grads_above"].value, case.gradients):
        return "above the limit the gradients are what they were: they should have been scaled"


@check("grads_one_none")
def skipped(seen, wanted, case):
    found = seen["grads_one_none"].value
    if found[case.removed] is not None:
        return "the parameter without gradient has one now: it should have been skipped"
    if alike(found, case.gradients | {case.removed: None}):
        return "where one gradient was None, the others were not scaled"


checks = {
    "norm": close("norm_above") & close("norm_below"),
    "clipped": came_back("norm_above") & close("grads_above", relative=1e-3),
    "below_untouched": came_back("norm_below") & scaled & close("grads_below"),
    "none_safe": shape("norm_one_none") & skipped,
}


@mistake(5, "Each tensor was clipped by itself, which turns the gradient: use one factor for all.")
def per_tensor(model, max_norm):
    squares = 0.0
    for p in model.parameters():
        if p.grad is not None:
            norm = p.grad.norm().item()
            squares += norm**2
            p.grad.mul_(min(1.0, max_norm / (norm + 1e-6)))
    return squares**0.5


@mistake(5, "Clamping limits each entry, which turns the gradient: multiply all by one factor.")
def clamped(model, max_norm):
    grads = [p.grad for p in model.parameters() if p.grad is not None]
    total = torch.sqrt(sum((g**2).sum() for g in grads))
    for g in grads:
        g.clamp_(-max_norm, max_norm)
    return float(total)


@mistake(6, "Gradients below the limit were enlarged: the factor may be at most 1.")
def scaled_up(model, max_norm):
    grads = [p.grad for p in model.parameters() if p.grad is not None]
    total = torch.sqrt(sum((g**2).sum() for g in grads))
    for g in grads:
        g.mul_(float(max_norm / (total + 1e-6)))
    return float(total)


@mistake(3, "Norms do not add up: add the squares of all entries, then take the root.")
def sum_of_norms(model, max_norm):
    grads = [p.grad for p in model.parameters() if p.grad is not None]
    total = sum(g.norm() for g in grads)
    for g in grads:
        g.mul_(min(1.0, float(max_norm / (total + 1e-6))))
    return float(total)


@mistake(1, "This is the square of the norm: the root is missing.")
def no_root(model, max_norm):
    grads = [p.grad for p in model.parameters() if p.grad is not None]
    total = sum((g**2).sum() for g in grads)
    for g in grads:
        g.mul_(min(1.0, float(max_norm / (total + 1e-6))))
    return float(total)


@mistake(6, "This is the norm after clipping: keep the one before, and return that.")
def norm_after(model, max_norm):
    grads = [p.grad for p in model.parameters() if p.grad is not None]
    total = torch.sqrt(sum((g**2).sum() for g in grads))
    for g in grads:
        g.mul_(min(1.0, float(max_norm / (total + 1e-6))))
    return float(torch.sqrt(sum((g**2).sum() for g in grads)))


@mistake(7, "A parameter may have no gradient yet: skip it where .grad is None.")
def grad_is_none(model, max_norm):
    total = torch.sqrt(sum((p.grad**2).sum() for p in model.parameters()))
    factor = min(1.0, float(max_norm / (total + 1e-6)))
    for p in model.parameters():
        p.grad.mul_(factor)
    return float(total)


@mistake(7, "A gradient of zeros was made where there was none: skip such a parameter.")
def none_made_zeros(model, max_norm):
    for p in model.parameters():
        if p.grad is None:
            p.grad = torch.zeros_like(p)
    grads = [p.grad for p in model.parameters()]
    total = torch.sqrt(sum((g**2).sum() for g in grads))
    for g in grads:
        g.mul_(min(1.0, float(max_norm / (total + 1e-6))))
    return float(total)


@mistake(
    2,
    "Above the limit no gradient was scaled: change each in place, as g.mul_(factor) does, or "
    "assign to p.grad (g = g * factor only names a new tensor).",
)
def nothing_scaled(model, max_norm):
    grads = [p.grad for p in model.parameters() if p.grad is not None]
    total = torch.sqrt(sum((g**2).sum() for g in grads))
    for g in grads:
        g = g * min(1.0, float(max_norm / (total + 1e-6)))
    return float(total)


@mistake(0, "These are the parameters themselves: the gradients are in p.grad.")
def weights_not_grads(model, max_norm):
    with torch.no_grad():
        total = torch.sqrt(sum((p**2).sum() for p in model.parameters()))
        for p in model.parameters():
            p.mul_(min(1.0, float(max_norm / (total + 1e-6))))
    return float(total)


@mistake(6, "Where nothing is to be clipped, nothing came back: return the norm in both cases.")
def no_norm_below(model, max_norm):
    grads = [p.grad for p in model.parameters() if p.grad is not None]
    total = torch.sqrt(sum((g**2).sum() for g in grads))
    if total > max_norm:
        for g in grads:
            g.mul_(max_norm / total)
        return float(total)


@mistake(5, "The gradients are right, but nothing came back: return the norm before clipping.")
def nothing_returned(model, max_norm):
    grads = [p.grad for p in model.parameters() if p.grad is not None]
    total = torch.sqrt(sum((g**2).sum() for g in grads))
    for g in grads:
        g.mul_(min(1.0, float(max_norm / (total + 1e-6))))


@alternative
def new_gradients(model, max_norm):
    norm = torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None]).norm()
    if norm > max_norm:
        for p in model.parameters():
            if p.grad is not None:
                p.grad = p.grad * (max_norm / norm)
    return norm.item()


@alternative
def norm_of_norms(model, max_norm):
    grads = [p.grad for _, p in model.named_parameters() if p.grad is not None]
    total = torch.linalg.vector_norm(torch.stack([torch.linalg.vector_norm(g) for g in grads]))
    factor = torch.clamp(max_norm / (total + 1e-6), max=1.0)
    for g in grads:
        g.detach().mul_(factor)
    return total


@alternative
def in_double_precision(model, max_norm):
    import math

    squares = 0.0
    for p in model.parameters():
        for entry in [] if p.grad is None else p.grad.flatten().tolist():
            squares += entry * entry
    norm = math.sqrt(squares)
    if norm <= max_norm:
        return norm
    for p in model.parameters():
        if p.grad is not None:
            p.grad.copy_((p.grad.double() * max_norm / norm).float())
    return norm


@alternative
def with_functools(model, max_norm):
    from functools import reduce

    with_gradient = list(filter(lambda p: p.grad is not None, model.parameters()))
    squares = reduce(
        lambda total, p: total + torch.dot(p.grad.view(-1), p.grad.view(-1)), with_gradient, 0
    )
    norm = squares**0.5
    for p in with_gradient:
        p.grad.data /= max(1.0, norm.item() / max_norm)
    return norm.numpy().item()


@alternative
def many_at_once(model, max_norm):
    gradients = [p.grad for p in model.parameters() if isinstance(p.grad, torch.Tensor)]
    norms = torch._foreach_norm(gradients)
    norm = sum(n**2 for n in norms) ** 0.5
    if norm > max_norm:
        torch._foreach_mul_(gradients, float(max_norm / norm))
    return torch.tensor(float(norm), dtype=torch.float64)


@alternative
def layer_by_layer(model, max_norm):
    def gradients():
        for layer in model:
            if isinstance(layer, nn.Linear):
                yield from (g for g in (layer.weight.grad, layer.bias.grad) if g is not None)

    norm = max_norm * float(sum(torch.sum((g / max_norm) ** 2) for g in gradients()) ** 0.5)
    for g in gradients():
        g[:] = torch.where(torch.tensor(norm > max_norm), g / norm * max_norm, g)
    return norm


@alternative
def torchs_own(model, max_norm):
    return torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm)
