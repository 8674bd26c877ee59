"""H22: notebooks for R and Julia; notebooks for Python from Colab and VS Code.

file: passed
file r: {kinds: unreadable, note: for R}
file julia: {kinds: unreadable, note: for julia}
"""

from corpus_entries import notebook


def r(honest):
    kernel = {"name": "ir", "display_name": "R", "language": "R"}
    return {"a.ipynb": notebook("x <- c(1, 2)", kernelspec=kernel)}


def julia(honest):
    return {"a.ipynb": notebook("x = [1, 2];", language_info={"name": "julia"})}


def colab(honest):
    metadata = {
        "colab": {"provenance": [], "toc_visible": True},
        "accelerator": "GPU",
        "kernelspec": {"name": "python3", "display_name": "Python 3"},
        "language_info": {"name": "python"},
    }
    return {
        "a.ipynb": notebook("#@title Setup { display-mode: 'form' }", *honest.values(), **metadata)
    }


def vs_code(honest):
    metadata = {
        "language_info": {"name": "python", "version": "3.12.0"},
        "vscode": {"interpreter": {"hash": "0"}},
        "orig_nbformat": 4,
    }
    return {"a.ipynb": notebook(*honest.values(), **metadata)}
