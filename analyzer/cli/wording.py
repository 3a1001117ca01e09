"""Messages of the library in the words of the command line."""

from __future__ import annotations

import re
from collections.abc import Iterable

import click


def in_options(text: str, params: Iterable[click.Parameter]) -> str:
    """Say parameters of Python as the options that they are here.

    Parameters
    ----------
    text : str
        A message of the library.
    params : iterable of click.Parameter
        What the verb takes.

    Examples
    --------
    >>> share = click.Option(["--share", "shares"], multiple=True)
    >>> in_options("shares: write some, for example shares=(0.1, 0.5)", [share])
    '--share: write some, for example --share 0.1 --share 0.5'
    >>> in_options("write attributes=()", [click.Option(["--attribute"], multiple=True)])
    'write no --attribute'
    """
    for param in params:
        if not isinstance(param, click.Option) or not param.name:
            continue
        name, option = re.escape(param.name), max(param.opts, key=len)
        if param.multiple:
            text = re.sub(rf"(?<![\w(.,-]){name}s?=\(\)", f"no {option}", text)
        # What stands in a call of Python is left as it is.
        value = rf"(?<![\w(.,-]){name}=(\([^()]*\)|'[^']*'|-?[\w.]+)"
        text = re.sub(value, lambda match, option=option: _typed(option, match[1]), text)
        starts = r"(?=[: ])" if "_" in param.name else r"(?=: )"
        text = re.sub(rf"^{name}{starts}", option, text)
    return text


def _typed(option: str, value: str) -> str:
    given = [each.strip().strip("'") for each in value.strip("()").split(",")]
    # Numbers of Python may have underscores; names of options keep theirs.
    typed = [each.replace("_", "") if each[:1].isdigit() else each for each in given if each]
    return " ".join(f"{option} {each}" for each in typed)
