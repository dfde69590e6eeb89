"""Durations as Go writes and reads them, and with it Docker, Compose and Traefik: `1m30s`, `500ms`."""

import re
from collections.abc import Mapping

UNITS: Mapping[str, float] = {"h": 3600, "m": 60, "s": 1, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
"""In seconds (Go's time.ParseDuration)."""
PART = re.compile(r"([\d.]+)(ns|us|µs|ms|s|m|h)")
WHOLE = re.compile(r"(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+")


def is_duration(text: str) -> bool:
    """Tell whether a text is nothing but a duration."""
    return WHOLE.fullmatch(text) is not None


def seconds(text: str) -> float:
    """Return how long a duration is; 0 for a text without one."""
    return sum(float(number) * UNITS[unit] for number, unit in PART.findall(text))
