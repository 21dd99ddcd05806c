"""Hypothesis profiles: `ci` (the default) draws the same examples in every run, `nightly` many and new ones.

python -m pytest --hypothesis-profile nightly
"""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("ci", derandomize=True, deadline=None, max_examples=100, print_blob=True)
settings.register_profile("nightly", deadline=None, max_examples=5000, print_blob=True)
settings.load_profile("ci")
