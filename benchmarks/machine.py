"""What a figure depends on beside the code: the machine, and the packages that compute."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from importlib.metadata import version
from typing import Any


def machine(packages: Iterable[str]) -> dict[str, Any]:
    """Return system, cores, Python and the versions of packages."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        **{name: version(name) for name in packages},
    }
