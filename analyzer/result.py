"""What every result can do: say itself in plain sentences, in a terminal and in a notebook."""

from __future__ import annotations

from html import escape


class Result:
    """Base of the frozen results: subclasses give ``summary``, ``to_pandas`` and ``plot``."""

    def summary(self) -> str:
        """Tell the result in plain sentences."""
        raise NotImplementedError

    def _repr_html_(self) -> str:
        # Only the summary: a table of vehicles must not slip into a published notebook by itself.
        lines = "<br>".join(escape(line) for line in self.summary().splitlines())
        return f"<div><strong>{type(self).__name__}</strong><p>{lines}</p></div>"
