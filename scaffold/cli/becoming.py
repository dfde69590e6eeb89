"""What becomes of files when a rendered project takes its place in a folder."""

from pathlib import Path

from .. import placing
from ..outline import Adoption, Files


def files(rendered: Path, destination: Path, adoption: Adoption) -> Files:
    """Return that for every file, with the folder's own blended into the rendered ones."""
    blended = _blended(rendered, destination, adoption)
    taken = {*blended, *map(Path, adoption.aside)}
    conflicts = [one for one in placing.conflicts(rendered, destination) if one not in taken]
    return Files(
        tuple(str(one) for one in placing.files(rendered) if not (destination / one).exists()),
        tuple(str(one) for one in conflicts if not placing.belongs_to_the_place(one)),
        tuple(str(one) for one in conflicts if placing.belongs_to_the_place(one)),
        tuple(map(str, blended)),
        dict(adoption.aside),
    )


def _blended(rendered: Path, destination: Path, adoption: Adoption) -> frozenset[Path]:
    if not adoption.found:
        return frozenset()
    from . import adopting

    return adopting.blend(rendered, destination)
