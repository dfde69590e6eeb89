"""The app's containers, replaced one by one: the order of it, and the way back."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from itertools import zip_longest

from .. import overlap
from ..facts import Container, Facts
from ..project import Project
from .steps import AwaitListed, Join, Promote, Prove, Rejoin, Remove, Retire, RunOnce, Step


def steps(project: Project, facts: Facts, worn: str = "") -> tuple[Step, ...]:
    """Return the steps that put wanted containers into the place of others, one at a time; none where all are.

    What an `up` that was cut off left is taken as it is found. When they are worn, for that reason, all are replaced.
    """
    right = () if worn else overlap.fresh(project, facts)
    app, others = project.app, [one for one in facts.of(project.app.name) if one not in right]
    running = [one for one in others if one.state == "running"]
    joins = [Join(app.name, _image(project, facts), worn)] * max(app.replicas - len(right), 0)
    leave = [Retire(one.name) for one in (*running, *right[app.replicas :])]
    if not joins and not leave and not others:
        return ()
    stay = tuple(one.name for one in right[: app.replicas])
    pairs = zip_longest(joins, leave)
    return (*((AwaitListed(stay),) if stay else ()), *(step for pair in pairs for step in pair if step))


def gone(project: Project, facts: Facts, rolled: Iterable[Step]) -> tuple[str, ...]:
    """Return the app's containers that serve nobody when these steps are done: retired ones, and those that ended."""
    ended = (one.name for one in overlap.others(project, facts) if one.state != "running")
    return (*ended, *(step.container for step in rolled if isinstance(step, Retire)))


def settled(project: Project, facts: Facts, step: Prove) -> Facts:
    """Return facts as they will be when what serves is proven: retired containers are gone, and the name has moved."""
    images = {**facts.images, project.app.image: facts.images[step.image]} if step.image in facts.images else None
    return replace(
        facts,
        containers=tuple(one for one in facts.containers if one.name not in step.gone),
        images=images or facts.images,
    )


def back(project: Project, facts: Facts, found: Sequence[Container], done: Sequence[Step]) -> tuple[Step, ...]:
    """Return the steps after which the containers serve again that did before; of what came since, nothing stays.

    `facts` are those before the steps that were done, the last of which failed; `found` is what is there now.
    """
    retired = {step.container for step in done if isinstance(step, Retire)}
    before = _before(project, facts, retired)
    returning = tuple(Rejoin(one.name) for one in before if one.name in retired or one.state != "running")
    new = _new(project, facts, found, before)
    # One that nobody was sent to need not be drained.
    leaving = tuple(Retire(one.name) for one in new if one.serving)
    rest = (Remove(tuple(one.name for one in new)),) if new else ()
    image = before[0].image_id if before else ""
    return (*returning, *leaving, *rest, *unproven(facts, found, done), *renamed(project, facts, image, done))


def unproven(facts: Facts, found: Sequence[Container], done: Sequence[Step]) -> tuple[Step, ...]:
    """Return the removal of what ran once before the app: it was of an image that is taken back.

    What has not been made anew stays.
    """
    names = {step.service for step in done if isinstance(step, RunOnce)}
    known = {one.id for one in facts.containers}
    ran = tuple(one.name for one in found if one.service in names and one.id not in known)
    return (Remove(ran),) if ran else ()


def _before(project: Project, facts: Facts, retired: Collection[str]) -> list[Container]:
    """Return the containers to go back to: those that ran, else those that an `up` that was cut off had stopped."""
    others = overlap.others(project, facts)
    running = [one for one in others if one.state == "running"]
    running += [one for one in overlap.fresh(project, facts) if one.name in retired]
    ended = [one for one in others if one.state == "exited" and one.image_id == facts.images.get(project.app.image)]
    return running or ended


def _new(project: Project, facts: Facts, found: Sequence[Container], before: Sequence[Container]) -> list[Container]:
    """Return the containers that go: those that have come since, and what an `up` that was cut off had left of theirs.

    Where there are none to go back to, what serves stays.
    """
    left = {one.id for one in overlap.fresh(project, facts)} if overlap.others(project, facts) else set()
    known = {one.id for one in facts.containers} - left | {one.id for one in before}
    own = [one for one in found if one.service == project.app.name and one.id not in known]
    return own if before else [one for one in own if not one.serving]


def renamed(project: Project, facts: Facts, image: str, done: Sequence[Step]) -> tuple[Step, ...]:
    """Return the step that gives the app's name back to the image of the containers that are gone back to.

    Also where nobody has moved it now: an `up` that was cut off may have.
    """
    name = project.app.image
    moved = facts.images.get(name) != image or any(isinstance(step, Promote) for step in done)
    return (Promote(image, name),) if image and moved else ()


def _image(project: Project, facts: Facts) -> str:
    return facts.build_image or project.app.image
