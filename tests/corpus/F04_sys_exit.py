"""F04: raises what ends a program, after a right answer.

cell: {kinds: passed, note: "SystemExit|KeyboardInterrupt|exit()"}
call: raised
call quit_as_in_a_notebook: passed
answer: right
"""


def sys_exit(values, k):
    sys.exit(0)


def keyboard_interrupt(values, k):
    raise KeyboardInterrupt


def quit_as_in_a_notebook(values, k):
    get_ipython().ask_exit()
