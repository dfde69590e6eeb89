"""Which images stay, so that there is something to go back to."""

from collections.abc import Collection, Sequence

from ..facts import Edition

KEPT = 5
"""How many images of the app are kept, the one that serves among them."""


def doomed(editions: Sequence[Edition], comes: str, used: Collection[str]) -> tuple[str, ...]:
    """Return the names of the images to remove, when one of this name comes: neither used by id, nor of the last.

    One that has served is something to go back to; one that has not only saves a build.
    """
    others = [one for one in editions if one.name != comes]
    latest = sorted(others, key=lambda one: (one.served, one.tagged), reverse=True)[: KEPT - 1]
    kept = {one.image_id for one in latest} | set(used)
    return tuple(one.name for one in others if one.image_id not in kept)
