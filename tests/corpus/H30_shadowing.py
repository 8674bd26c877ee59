"""H30: names of one's own that hide those of Python and torch.

file: passed
file torch_itself: {kinds: raised, hint: "AttributeError", others: any}
"""


def built_ins(honest):
    names = "list = sum = print = dict = len = isinstance = type = id = str = 1"
    return [*honest.values(), names]


def usual_names(honest):
    return ["x = y = model = loss = softmax = values = k = case = answer = 0", *honest.values()]


def names_of_the_shell(honest):
    return [*honest.values(), "_ = __ = In = Out = get_ipython = exit = quit = None"]


def modules(honest):
    return [*honest.values(), "os = sys = json = autograd = np = 5"]


def torch_itself(honest):
    """That costs all the answers that use it."""
    return [*honest.values(), "torch = 7"]
