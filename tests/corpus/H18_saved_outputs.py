"""H18: 80 MB of saved outputs: pictures, widgets, text.

file: passed
"""

import json

from corpus_entries import notebook


def pictures_and_widgets(honest):
    content = json.loads(notebook(*honest.values()))
    picture = {"image/png": "iVBORw0KGgo" * 4_000_000, "text/plain": ["<Figure>"]}
    widget = {"application/vnd.jupyter.widget-view+json": {"model_id": "1", "version_major": 2}}
    content["cells"][0]["outputs"] = [
        {"output_type": "display_data", "data": picture, "metadata": {}},
        {"output_type": "display_data", "data": widget, "metadata": {}},
        {"output_type": "stream", "name": "stdout", "text": ["loss 0.1\n"] * 1_000_000},
        {"output_type": "error", "ename": "E", "evalue": "v", "traceback": ["t"] * 1000},
    ]
    content["metadata"]["widgets"] = {"state": {str(n): {"x": "y" * 100} for n in range(10_000)}}
    return {"a.ipynb": json.dumps(content).encode()}
