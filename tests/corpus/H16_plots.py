"""H16: plots, pictures, progress bars, widgets; some of these are perhaps not installed.

file: {kinds: passed, note: "^$|ModuleNotFoundError"}
"""


def matplotlib(honest):
    plot = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()\nplt.savefig('a.png')"
    return [*honest.values(), plot]


def others(honest):
    return [
        "from IPython.display import HTML, display\ndisplay(HTML('<b>x</b>'))",
        "from tqdm import tqdm\nfor _ in tqdm(range(3)): pass",
        "from tqdm.notebook import trange",
        "import PIL.Image",
        "import ipywidgets",
        "import seaborn",
        *honest.values(),
    ]
