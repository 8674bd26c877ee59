r"""### Predict, then run

Write down what you **expect**, before you run anything: nine small questions, each with a usual
wrong answer. Replace every `...` in the cell below; a `...` that is left counts as not answered.
Here $a$ = A and $k$ = K.

- **P1** (a number): `x` is a leaf with the value $a$. You run `(x**2 + 3*x).backward()` $k$ times,
  computing it anew each time. What is `x.grad`?
- **P2** (a pair): `p` is a leaf with the value $a$, `q` one with the value 1, and `l = p**2 + q`.
  You run `l.backward()`, and then once more `l.backward()` inside
  `try: ... except RuntimeError: pass`. What are `p.grad` and `q.grad`?
- **P3** (`"None"` or `"zeros"`, in quotes): a model has gone backward, then you call
  `model.zero_grad()`. What is the `.grad` of its bias?
- **P4** (a number, or `float("nan")`): the last layer has one output. What is
  `layer.bias.grad.std()`?
- **P5** (a pair): all three outputs of the network with the last ReLU are clipped to 0, the labels
  are 0, 1, 0. What are the loss of `nn.BCEWithLogitsLoss` and the largest absolute gradient of a
  weight?
- **P6** (a pair: mean, sum): every row of the batch is put in twice. By which factor does a
  gradient
  change if the loss is a mean over the rows, and if it is a sum?
- **P7** (a pair: weight, bias): every input of a linear layer becomes 10 times as large, while the
  gradient that arrives at its output stays the same. By which factors do `weight.grad` and
  `bias.grad` change?
- **P8** (a number): what is the smallest probability that a ReLU followed by a sigmoid can give?
- **P9** (a number): what is the smallest loss that the network with the last ReLU can reach on one
  row with label 0?

Numbers are right within 0.001. The check below only looks at the form of your answers; each is
worth a point when graded.
"""

from autograder.exercise import attempt, case

predictions = {
    "P1": ...,
    "P2": ...,
    "P3": ...,
    "P4": ...,
    "P5": ...,
    "P6": ...,
    "P7": ...,
    "P8": ...,
    "P9": ...,
}

visible = case(a=7, k=4)  # the class's numbers: a in 2..9, k in 2..5; students read them

shown = ("forms",)  # the values would be the answers


def plainly(answer):
    """An answer without what tensors, arrays and fractions add to numbers and pairs of them."""
    if isinstance(answer, str):
        return {"none": "None", "zeros": "zeros"}.get(answer.strip().lower(), answer)
    if hasattr(answer, "tolist"):
        answer = answer.tolist()
    if isinstance(answer, (tuple, list)):
        return [entry if isinstance(entry, (tuple, list)) else plainly(entry) for entry in answer]
    is_other_number = hasattr(answer, "__float__") and not isinstance(answer, (int, float))
    return float(answer) if is_other_number else answer


def is_number(answer):
    return isinstance(answer, (int, float)) and not isinstance(answer, bool)


def form(answer):
    """What kind of answer it is, in words."""
    if answer is ...:
        return "not answered"
    if isinstance(answer, str):
        return "None or zeros, as text" if answer in ("None", "zeros") else "another text"
    if isinstance(answer, list):
        numbers = [is_number(entry) for entry in answer]
        return "a pair of numbers" if numbers == [True, True] else "not a pair of numbers"
    return "a number" if is_number(answer) else "something else"


def probe(predictions, case):
    names = [f"P{number}" for number in range(1, 10)]

    def given(name):
        if not isinstance(predictions, dict):
            raise TypeError("predictions should be a dict with the keys P1 to P9")
        filled = {key: answer for key, answer in predictions.items() if answer is not ...}
        folded = {f"P{str(key).strip().upper().removeprefix('P')}": filled[key] for key in filled}
        answer = (folded | filled).get(name, ...)
        return "None" if name == "P3" and answer is None else plainly(answer)

    def answered(name):
        if given(name) is ...:
            raise NotImplementedError(f"predictions: {name}")
        return given(name)

    def forms():
        if all(given(name) is ... for name in names):
            raise NotImplementedError("predictions")
        return {name: form(given(name)) for name in names}

    return {name: attempt(lambda name=name: answered(name)) for name in names} | {
        "forms": attempt(forms)
    }


__doc__ = __doc__.replace("$ = A", f"$ = {visible.a}").replace("$ = K", f"$ = {visible.k}")
