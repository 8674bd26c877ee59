"""H32: a model with dropout that stays in training mode.

exercise: build_and_backward
file: {kinds: failed passed, hint: "yours are Linear .*another"}
file in_training_mode: passed
"""


def dropout(honest):
    text = honest["build_and_backward"].replace("nn.ReLU(), ", "nn.ReLU(), nn.Dropout(0.5), ", 1)
    assert "Dropout" in text
    return [*(honest | {"build_and_backward": text}).values()]


def in_training_mode(honest):
    text = honest["build_and_backward"].replace("return model", "model.train()\n    return model")
    return [*(honest | {"build_and_backward": text}).values()]
