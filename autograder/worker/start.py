"""Where the process of a zygote begins: it enters its namespaces while it is small.

To enter, it has to fork. What it had imported by then, it would share with the process that is left
behind: the kernel would split the huge pages, and each later fork and exit take five times as long.
"""

from __future__ import annotations

import json
import sys

from . import namespaces
from .settings import Settings


def main() -> None:
    """Enter, then become a zygote."""
    settings = Settings(**json.loads(sys.argv[1]))
    home = namespaces.leave() if settings.namespaces else -1
    from .zygote import obey  # with torch and IPython

    obey(settings, home)


if __name__ == "__main__":
    main()
