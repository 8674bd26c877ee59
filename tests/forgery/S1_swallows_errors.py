"""Has IPython swallow errors (`set_custom_exc`), and ends each test with one."""


class Stop(BaseException):
    pass


get_ipython().set_custom_exc((BaseException,), lambda *_, **__: None)


def stop(*_, **__):
    raise Stop


ANSWER = "NAME = stop"
