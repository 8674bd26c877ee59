"""H17: await outside of a function, asyncio.run, asynchronous loops.

file: passed
"""


def awaiting(honest):
    return [
        "import asyncio\nawait asyncio.sleep(0)\nx = await asyncio.sleep(0, 7)\nassert x == 7",
        "async def numbers():\n    yield 1\nasync for n in numbers():\n    assert n == 1",
        *honest.values(),
    ]


def running(honest):
    return [
        "import asyncio\nasyncio.run(asyncio.sleep(0))",
        "try:\n    import nest_asyncio\n    nest_asyncio.apply()\nexcept ImportError: pass",
        "import asyncio\nasyncio.get_event_loop_policy()",
        *honest.values(),
    ]
