"""Importing the app in its new image, before anything that runs is touched."""

from .. import plan, symptoms
from ..errors import StackError
from ..project import Project
from . import compose, inspection
from .compose import ComposeFailed, Say


def run(project: Project, step: plan.Smoke, say: Say) -> None:
    """Import the app in a container that has everything but labels: Traefik lists any that carries them (FACTS T14)."""
    alone = {"image": step.image, "labels": {}, "ports": [], "healthcheck": {"disable": True}}
    words = (
        "run",
        "--rm",
        "--no-deps",
        "--no-TTY",
        step.service,
        "python",
        "-c",
        inspection.IMPORT,
        step.app,
        step.folder,
    )
    try:
        compose.act(project.directory, say, *words, patch={step.service: alone})
    except ComposeFailed as error:
        if error.status != inspection.IMPORT_FAILED:
            raise
        raise StackError(
            f"the new image cannot import {step.app}; nothing that runs was touched",
            evidence=error.evidence,
            hint=symptoms.advice(error.evidence) or "mend the app, then `stack up` again",
        ) from error
