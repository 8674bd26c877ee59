"""The side that runs student code: zygote, sandbox, cells. It holds no answer and no secret.

Nothing here imports the judge, a reference, the rubric or the store; a test walks the imports.
"""
