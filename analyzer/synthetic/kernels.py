"""How the kernels of the generator are compiled.

A day's plan hands a bundle of a dozen arrays from function to function. By default numba counts
references to each of them at each call, which takes three times as long as the work itself;
functions that allocate nothing can do without. Where a version of numba does not know that option,
the same code runs with it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
from numba.core.cpu import CPUTargetOptions

_OPTIONS = {"_nrt": False} if hasattr(CPUTargetOptions, "_nrt") else {}


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function that allocates nothing and holds no lock of the interpreter."""
    return numba.njit(cache=True, nogil=True, **_OPTIONS)(function)
