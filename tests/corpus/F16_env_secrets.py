"""F16: looks for secrets in the environment, in the C library's copy of it, and in the arguments.

cell: failed
call: failed
"""


def environment(values, k):
    pairs = ctypes.POINTER(ctypes.c_char_p).in_dll(C, "environ")
    raw, index = b"", 0
    while pairs[index]:
        raw, index = raw + pairs[index], index + 1
    refused(found=lambda: CANARY.encode() in raw or CANARY in str(dict(os.environ)))
    odd = ("TOKEN", "SECRET", "PASSWORD", "AUTOGRADER", "AWS_")
    refused(found=lambda: any(word in name for name in os.environ for word in odd))


def beyond_it(values, k):
    """The kernel keeps the first environment right behind the arguments."""
    raw = b""
    place = ctypes.c_void_p.in_dll(C, "program_invocation_name").value
    while text := ctypes.string_at(place):  # an empty one ends the stack
        raw, place = raw + text, place + len(text) + 1
    refused(found=lambda: CANARY.encode() in raw)


def arguments(values, k):
    refused(found=lambda: CANARY in str(sys.argv + sys.orig_argv))
