"""What the last `stack up` wrote down, held against what runs."""

from ..facts import Facts
from ..project import Project
from ..record import Stopped
from .verdict import Outcome, judged, skipped

NO_RECORD = "no `stack up` of this project is written down"
DIGITS = 12
"""As many of an image's id as `docker images` shows."""


def stops(project: Project, facts: Facts) -> Outcome:
    """The app ended within its grace when `stack up` last stopped it.

    What is ended by force loses the requests that it has in hand, and what it has not written yet. The time that the
    server gives them, --timeout-graceful-shutdown in compose.app.yaml, has to be shorter than `stop_grace_period`
    there, and what the app does at its end has to fit in between. The next `stack up` that replaces it shows whether.
    """
    if facts.record is None:
        return skipped(NO_RECORD)
    if not facts.record.stopped:
        return skipped("the last `stack up` had nothing of the app to stop")
    grace = f"; its grace is {project.app.grace:g} s"
    forced = [
        f"{one.container} was ended by force after {_seconds(one)}{grace}" for one in facts.record.stopped if one.killed
    ]
    return judged(forced, (f"{one.container} ended after {_seconds(one)}" for one in facts.record.stopped))


def image(project: Project, facts: Facts) -> Outcome:
    """The app runs the image that was brought up last.

    Somebody has built or started it past `stack up`: nobody has tried the new code before it served, and what runs
    before the app may have run on the other one. `stack up` brings up what the files say.
    """
    if facts.record is None:
        return skipped(NO_RECORD)
    wanted = facts.record.image
    if not wanted:
        return skipped("the last `stack up` found no image of the app")
    found = facts.of(project.app.name)
    others = [
        f"{one.name} runs {_short(one.image_id)}, not {_short(wanted)}" for one in found if one.image_id != wanted
    ]
    at = f"{facts.record.at:%Y-%m-%d %H:%M} UTC"
    return judged((f"{line} of {at}" for line in others), (f"{facts.record.name or _short(wanted)}, since {at}",))


def _seconds(one: Stopped) -> str:
    return f"{one.seconds:.1f} s"


def _short(image_id: str) -> str:
    return image_id.removeprefix("sha256:")[:DIGITS]
