"""What may have to be done, as values with a sentence each. Nothing here touches the world."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class SignLeaf:
    """Sign a certificate with the local authority."""

    hosts: tuple[str, ...]

    def __str__(self) -> str:
        return f"sign a certificate for {', '.join(self.hosts)} with your local authority"


@dataclass(frozen=True)
class DropLeaf:
    """Take the local authority's certificate away: Traefik orders none for a name that it has one for."""

    hosts: tuple[str, ...]

    def __str__(self) -> str:
        return f"take away the local certificate for {', '.join(self.hosts)}"


@dataclass(frozen=True)
class MakeSecret:
    """Make a secret file that is missing: a password from the system's generator, or no settings yet."""

    path: Path

    def __str__(self) -> str:
        return f"make {self.path.parent.name}/{self.path.name}, which is missing"


@dataclass(frozen=True)
class Stop:
    """Stop a service whose ports are needed."""

    service: str

    def __str__(self) -> str:
        return f"stop {self.service}, which has no right certificate to serve"


@dataclass(frozen=True)
class Release:
    """Take a Traefik away that another one takes the place of, with what belongs to it."""

    project: str
    services: tuple[str, ...]
    why: str

    def __str__(self) -> str:
        return f"take away {', '.join(self.services)} of {self.project}: {self.why}"


@dataclass(frozen=True)
class TakeCertificates:
    """Take certificates over from where another Traefik kept them, so that none is ordered."""

    hosts: tuple[str, ...]
    volume: str

    def __str__(self) -> str:
        return f"take the certificate for {', '.join(self.hosts)} over from the volume {self.volume}"


@dataclass(frozen=True)
class Rehearse:
    """Order a certificate from an authority for trials first: what fails there counts against no limit."""

    hosts: tuple[str, ...]
    directory: str

    def __str__(self) -> str:
        return f"rehearse the order for {', '.join(self.hosts)} with {self.directory}"


@dataclass(frozen=True)
class BuildImage:
    """Build a service's image under a name that tells its content."""

    service: str
    image: str

    def __str__(self) -> str:
        return f"build {self.image}"


@dataclass(frozen=True)
class Smoke:
    """Import the app in the new image and see its healthcheck run, before anything that runs is touched."""

    service: str
    image: str
    app: str
    folder: str = "."
    """Where the server imports from, inside the image."""

    def __str__(self) -> str:
        return f"import {self.app} in {self.image}, out of reach of any request"


@dataclass(frozen=True)
class Promote:
    """Give the name that the Compose file uses to the new image."""

    image: str
    to: str

    def __str__(self) -> str:
        return f"make it {self.to}"


@dataclass(frozen=True)
class RunOnce:
    """Run a one-shot service to its end, which has to be a good one."""

    service: str
    image: str = ""
    """What the app's name of the Compose files means meanwhile; empty for what it means anyway."""

    def __str__(self) -> str:
        return f"run {self.service}, and go on when it has ended well"


@dataclass(frozen=True)
class Start:
    """Start or replace containers so that they are what the files say."""

    services: tuple[str, ...]
    image: str = ""
    """What the app's name of the Compose files means meanwhile; empty for what it means anyway."""

    def __str__(self) -> str:
        return f"start {', '.join(self.services)}"


@dataclass(frozen=True)
class Join:
    """Start one more container of a service beside those that serve, until Traefik sends it requests, too."""

    service: str
    image: str
    """As in `Start`."""
    why: str = ""
    """What is wrong with those that serve, if they run the same."""

    def __str__(self) -> str:
        why = f": {self.why}" if self.why else ""
        return f"start one {self.service} of {self.image} beside those that serve, until it serves, too{why}"


@dataclass(frozen=True)
class AwaitListed:
    """Wait until containers of the app are healthy, and Traefik sends them requests."""

    containers: tuple[str, ...]

    def __str__(self) -> str:
        return f"wait until Traefik sends requests to {', '.join(self.containers)}"


@dataclass(frozen=True)
class Retire:
    """Take a container out of service, and end it when it has nothing left to do; it stays, stopped."""

    container: str

    def __str__(self) -> str:
        return f"take {self.container} out of service, and stop it"


@dataclass(frozen=True)
class Rejoin:
    """Bring a container back that was taken out of service, or stopped."""

    container: str

    def __str__(self) -> str:
        return f"bring {self.container} back into service"


@dataclass(frozen=True)
class Remove:
    """Remove containers that serve nobody any more."""

    containers: tuple[str, ...]

    def __str__(self) -> str:
        return f"remove {', '.join(self.containers)}"


@dataclass(frozen=True)
class Prove:
    """Check what serves now: if that is not what it should be, everything is taken back."""

    image: str
    gone: tuple[str, ...] = ()
    """Containers that were retired, and count no more."""

    def __str__(self) -> str:
        return "check what serves now"


@dataclass(frozen=True)
class Forget:
    """Remove images that nobody is going back to."""

    images: tuple[str, ...]

    def __str__(self) -> str:
        return f"remove old images: {', '.join(self.images)}"


@dataclass(frozen=True)
class Restart:
    """Restart containers whose definition is right and whose state is not."""

    service: str
    reason: str

    def __str__(self) -> str:
        return f"restart {self.service}: {self.reason}"


@dataclass(frozen=True)
class AwaitHealthy:
    """Wait until containers are healthy."""

    services: tuple[str, ...]

    def __str__(self) -> str:
        return f"wait until {', '.join(self.services)} {'are' if len(self.services) > 1 else 'is'} healthy"


@dataclass(frozen=True)
class AwaitCertificate:
    """Wait until the certificate that is served is the one it should be."""

    hosts: tuple[str, ...]

    def __str__(self) -> str:
        return f"wait until the certificate of {', '.join(self.hosts)} is the one it should be"


Step = (
    SignLeaf
    | DropLeaf
    | MakeSecret
    | Stop
    | Release
    | TakeCertificates
    | Rehearse
    | BuildImage
    | Smoke
    | Promote
    | RunOnce
    | Start
    | Join
    | AwaitListed
    | Retire
    | Rejoin
    | Remove
    | Prove
    | Forget
    | Restart
    | AwaitHealthy
    | AwaitCertificate
)
