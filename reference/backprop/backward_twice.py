import torch

from autograder.checks import close, same, used_autograd
from autograder.exercise import case
from autograder.reference import alternative, mistake


def backward_twice(make_loss, leaves):
    loss = make_loss(*leaves)
    loss.backward()
    raised = False
    try:
        loss.backward()
    except RuntimeError:
        raised = True
    return raised, [leaf.grad for leaf in leaves]


why = r"""
A graph can be walked again as long as nothing that the walk needs has been freed. A square needs
its input, which the first pass let go, so there the second call raises; adding and indexing need no
values, so there it works, and doubles the gradient. In $a^2 + b$ the step to $b$ needs nothing and
was taken before the error came, hence $b$'s gradient doubled and $a$'s did not. The function need
not know any of this: it tries, and reports what happened.
"""


def hidden(draw):
    def quarters(n):  # 1.25 to 3.75: no gradient is near 0 or near another
        return draw.shuffled([q / 4 for q in range(5, 16) if q % 4])[:n]

    j = draw.integer(1, 3)  # not the visible 0
    return case(squares=quarters(3), sums=quarters(4), j=j, mixed=quarters(2))


checks = {
    "raises": same("squares", 0).saying(
        "the second backward() raises here, and the first thing to return should say that it did"
    )
    & used_autograd("squares"),
    "grad_after_raise": close("squares", 1),
    "no_raise": same("sums", 0).saying(
        "here the second backward() raises nothing, and the first thing to return should say so"
    )
    & used_autograd("sums"),
    "grad_doubled": close("sums", 1),
    "partial": same("mixed", 0) & close("mixed", 1),  # b doubled although the call raised
}

SAME_GRAPH = (
    "You went backward through a new graph, or one that was kept: build the loss once, "
    "and call plain backward() on it twice."
)
PAIR = "A pair was asked for, (raised, grads): the flag, and a list with the gradients."
ZEROED = (
    "After the call that raised, .grad should still hold the gradient of the first pass: do not "
    "clear it, which would not bring the graph back either."
)


@mistake(
    2,
    "A second backward() need not raise: adding and indexing save nothing that could be missing. "
    "Make the call and see.",
)
def hard_coded(make_loss, leaves):
    loss = make_loss(*leaves)
    loss.backward()
    return True, [leaf.grad for leaf in leaves]


@mistake(
    4,
    "Your flag is True whatever happened: set it in the except branch alone, "
    "because for sums nothing was saved and the call works.",
)
def hard_coded_after_both_calls(make_loss, leaves):
    loss = make_loss(*leaves)
    loss.backward()
    try:
        loss.backward()
    except RuntimeError:
        pass
    return True, [leaf.grad for leaf in leaves]


@mistake(2, SAME_GRAPH)
def rebuilt(make_loss, leaves):
    make_loss(*leaves).backward()
    raised = False
    try:
        make_loss(*leaves).backward()
    except RuntimeError:
        raised = True
    return raised, [leaf.grad for leaf in leaves]


@mistake(2, SAME_GRAPH)
def retained(make_loss, leaves):
    loss = make_loss(*leaves)
    loss.backward(retain_graph=True)
    raised = False
    try:
        loss.backward()
    except RuntimeError:
        raised = True
    return raised, [leaf.grad for leaf in leaves]


@mistake(2, ZEROED)
def zeroed(make_loss, leaves):
    loss = make_loss(*leaves)
    loss.backward()
    for leaf in leaves:
        leaf.grad.zero_()
    raised = False
    try:
        loss.backward()
    except RuntimeError:
        raised = True
    return raised, [leaf.grad for leaf in leaves]


@mistake(2, ZEROED)
def zeroed_to_none(make_loss, leaves):
    loss = make_loss(*leaves)
    loss.backward()
    for leaf in leaves:
        leaf.grad = None
    raised = False
    try:
        loss.backward()
    except RuntimeError:
        raised = True
    return raised, [leaf.grad for leaf in leaves]


@mistake(2, "The second call may raise a RuntimeError: catch it with try and except.")
def second_time(make_loss, leaves):
    loss = make_loss(*leaves)
    loss.backward()
    loss.backward()
    return False, [leaf.grad for leaf in leaves]


@mistake(
    3,
    "Read .grad after the second call: where that worked the gradient doubled, "
    "and b's doubled even where it raised.",
)
def first_only(make_loss, leaves):
    loss = make_loss(*leaves)
    loss.backward()
    grads = [leaf.grad.clone() for leaf in leaves]
    raised = False
    try:
        loss.backward()
    except RuntimeError:
        raised = True
    return raised, grads


@mistake(
    4,
    "The call that raised has added to .grad before it did, where it could: return .grad as it is "
    "after that call.",
)
def raised_did_nothing(make_loss, leaves):
    loss = make_loss(*leaves)
    loss.backward()
    before = [leaf.grad.clone() for leaf in leaves]
    try:
        loss.backward()
    except RuntimeError:
        return True, before
    return False, [leaf.grad for leaf in leaves]


@mistake(3, "The error was caught, but the flag stayed False: set it to True in the except branch.")
def never_flagged(make_loss, leaves):
    loss = make_loss(*leaves)
    loss.backward()
    raised = False
    try:
        loss.backward()
    except RuntimeError:
        pass
    return raised, [leaf.grad for leaf in leaves]


@mistake(2, "Your flag says whether the second call worked: it should be True where it raised.")
def inverted(make_loss, leaves):
    loss = make_loss(*leaves)
    loss.backward()
    try:
        loss.backward()
        worked = True
    except RuntimeError:
        worked = False
    return worked, [leaf.grad for leaf in leaves]


@mistake(
    2, "One gradient came back alone: return a list with one for each leaf, even if it is one."
)
def not_a_list(make_loss, leaves):
    loss = make_loss(*leaves)
    loss.backward()
    raised = False
    try:
        loss.backward()
    except RuntimeError:
        raised = True
    return raised, leaves[0].grad


@mistake(3, "Go backward no more after the call that raised: .grad is asked for as that left it.")
def once_more_after_the_error(make_loss, leaves):
    loss = make_loss(*leaves)
    loss.backward()
    raised = False
    try:
        loss.backward()
    except RuntimeError:
        raised = True
        make_loss(*leaves).backward()
    return raised, [leaf.grad for leaf in leaves]


@mistake(0, PAIR)
def flag_alone(make_loss, leaves):
    loss = make_loss(*leaves)
    loss.backward()
    try:
        loss.backward()
    except RuntimeError:
        return True
    return False


@mistake(0, PAIR)
def gradients_alone(make_loss, leaves):
    loss = make_loss(*leaves)
    loss.backward()
    try:
        loss.backward()
    except RuntimeError:
        pass
    return [leaf.grad for leaf in leaves]


@mistake(0, "The order is (raised, grads): the bool comes first.")
def swapped(make_loss, leaves):
    loss = make_loss(*leaves)
    loss.backward()
    raised = False
    try:
        loss.backward()
    except RuntimeError:
        raised = True
    return [leaf.grad for leaf in leaves], raised


@mistake(0, "make_loss takes the leaves one by one, not as a list: make_loss(*leaves).")
def not_unpacked(make_loss, leaves):
    loss = make_loss(leaves)
    loss.backward()
    raised = False
    try:
        loss.backward()
    except RuntimeError:
        raised = True
    return raised, [leaf.grad for leaf in leaves]


@alternative
def with_suppress(make_loss, leaves):
    from contextlib import suppress

    loss, raised = make_loss(*leaves), True
    loss.backward()
    with suppress(RuntimeError):
        loss.backward()
        raised = False
    return raised, [leaf.grad for leaf in leaves]


@alternative
def with_else(make_loss, leaves):
    loss = make_loss(*leaves)
    torch.autograd.backward(loss)
    try:
        torch.autograd.backward([loss])
    except Exception as error:
        raised = isinstance(error, RuntimeError)
    else:
        raised = False
    return [raised, tuple(leaf.grad.clone() for leaf in leaves)]


@alternative
def both_calls_in_a_loop(make_loss, leaves):
    loss, errors = make_loss(*leaves), []
    for _ in range(2):
        try:
            loss.backward()
        except RuntimeError as second:
            errors.append(second)
    return len(errors) > 0, list(map(lambda leaf: leaf.grad, leaves))


@alternative
def one_try_around_both(make_loss, leaves):
    loss = make_loss(*leaves)
    calls = 0
    try:
        while calls < 2:
            loss.backward(torch.ones_like(loss))
            calls += 1
    except RuntimeError:
        return True, [leaf.grad.detach() for leaf in leaves]
    return False, [leaf.grad.detach() for leaf in leaves]


@alternative
def with_a_helper(make_loss, leaves):
    def fails(call):
        try:
            call()
        except RuntimeError:
            return True
        finally:
            print("gradients now:", [leaf.grad for leaf in leaves])
        return False

    loss = make_loss(*leaves)
    first, second = fails(loss.backward), fails(lambda: loss.backward(inputs=leaves))
    return second and not first, [leaf.grad.double() for leaf in leaves]


@alternative
def with_a_context_manager(make_loss, leaves):
    class Watched:
        raised = False

        def __enter__(self):
            return self

        def __exit__(self, kind, error, traceback):
            self.raised = kind is not None and issubclass(kind, RuntimeError)
            return self.raised

    loss = make_loss(*leaves)
    loss.backward()
    with Watched() as watched:
        loss.backward()
    return watched.raised, [torch.clone(leaf.grad) for leaf in leaves]
