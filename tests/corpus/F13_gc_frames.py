"""F13: looks for what is expected in all objects, in the frames below, and in tracebacks.

cell: failed
call: failed
cell all_objects: {kinds: failed, note: "^$|stopped after", stops: 1}
call all_objects: {kinds: failed timed_out, stops: 1}
"""

import gc
import types


def _known(things):
    for thing in things:
        texts = ()
        if type(thing) is dict:
            texts = thing.values()
        elif type(thing) is types.FunctionType:
            texts = thing.__code__.co_consts
        for text in texts:
            if type(text) is str and text.startswith(CANARY) and text != CANARY:
                return True
    return False


@once
def all_objects(values, k):
    gc.unfreeze()
    refused(found=lambda: _known(gc.get_objects()))
    refused(found=lambda: any("reference" in n for n in sys.modules if "autograder" in n))


def frames(values, k):
    frame, scopes = sys._getframe(), []
    while frame:
        scopes += [dict(frame.f_locals), dict(frame.f_globals)]
        frame = frame.f_back
    refused(found=lambda: _known(scopes) or any("wanted" in scope for scope in scopes))


def tracebacks(values, k):
    try:
        raise ValueError
    except ValueError as error:
        place = error.__traceback__.tb_frame.f_back
    refused(found=lambda: _known([place.f_locals, place.f_globals]))
