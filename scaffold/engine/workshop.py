"""Building an image with another engine than the one that runs it, and carrying it there."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

from docker import DockerClient
from docker.errors import DockerException

from ..errors import StackError, WrongInput
from ..plan import BuildImage
from ..project import Build, Project
from . import carrying, compose, connection, content
from .compose import Say


@dataclass
class Workshop:
    """An engine that builds, and a folder on its machine with what was sent of the project, and nothing else."""

    client: DockerClient
    folder: Path
    sent: int = 0
    """Bytes of images that went to another engine so far."""

    @classmethod
    def at(cls, folder: Path) -> "Workshop":
        """Return the engine of a folder's machine; NotReady when it does not answer."""
        return cls(connection.client(folder), folder)

    def build(self, there: DockerClient, project: Project, resolved: str, step: BuildImage, say: Say) -> None:
        """Build a service's image for the machine of another engine, and have it there; StackError."""
        build = project.service(step.service).build
        if build is None:
            raise WrongInput(f"{step.service} is not built", hint="without --build here")
        own = self._moved(build, project.directory)
        if content.content_hash(own) != content.content_hash(build):
            raise StackError(
                "what is here is not what was sent, so the image would be another", hint="once more; or --build there"
            )
        say("build")
        body = {**json.loads(resolved)["services"][step.service]["build"], "context": str(own.context)}
        machine = carrying.platform(there)
        where = {"platform": machine} if machine else {}
        patch = {step.service: {"image": step.image, "build": body, **where}}
        compose.act_on(resolved, self.folder, say, "build", step.service, patch=patch)
        say("carry")
        try:
            self.sent += carrying.carry(self.client, there, step.image)
        except (DockerException, OSError) as error:
            raise StackError(f"{step.image} could not be carried to the server", evidence=(str(error),)) from error

    def _moved(self, build: Build, directory: Path) -> Build:
        """Return what is built, in our folder instead of the project's; WrongInput for what was not sent."""
        if not build.context.is_relative_to(directory):
            raise WrongInput(
                f"{build.context} is outside of the project, and so was not sent",
                hint="--build there builds on the server",
            )
        return replace(build, context=self.folder / str(build.context.relative_to(directory)))
