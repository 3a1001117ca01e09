"""What all tests share: how hypothesis looks for counter-examples."""

from hypothesis import settings

# Compiling a kernel is slow the first time; and a run must say the same as the run before it.
settings.register_profile("platerisk", deadline=None, derandomize=True, database=None)
settings.load_profile("platerisk")
