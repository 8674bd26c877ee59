"""E09: breaks torch for the whole process: operators, default type and device, gradients, seeds.

cell: {kinds: passed failed raised crashed protocol, note: ".*", others: any}
call: {kinds: passed failed raised crashed protocol, others: any}
cell gradients: passed
call gradients: {kinds: passed failed raised, others: any}
cell default_type: passed
call default_type: {kinds: passed failed, others: any}
"""


def operators(values, k):
    torch.Tensor.__add__ = torch.Tensor.__mul__ = lambda self, other: self
    torch.Tensor.__pow__ = lambda self, other: self * 0


def default_type(values, k):
    torch.set_default_dtype(torch.float64)


def default_device(values, k):
    torch.set_default_device("meta")


def gradients(values, k):
    torch.set_grad_enabled(False)
    torch.autograd.set_detect_anomaly(True)


def determinism(values, k):
    torch.use_deterministic_algorithms(True)
    torch.manual_seed = lambda *_: None
    torch.default_generator.manual_seed(1)
