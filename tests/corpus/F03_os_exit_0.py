"""F03: leaves the process with success, before anybody has judged anything.

cell: {kinds: failed, note: ended the process that ran it}
call: crashed
"""


def os_exit(values, k):
    os._exit(0)


def of_the_c_library(values, k):
    C._exit(0)
