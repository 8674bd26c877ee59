"""A zygote whose workers are plain forks: what the sandbox is measured against, and proved by.

Never started but by tests and benchmarks, in place of `autograder.running.zygotes.ZYGOTE`.
"""

from autograder.worker import sandbox, start

if __name__ == "__main__":
    sandbox.confine = lambda *_: None
    start.main()
