"""What nobody else may know."""

import stat
from pathlib import PurePath

from ..facts import Facts
from ..project import POSTGRES, SECRETS, STORES, Project, password_file
from .verdict import Outcome, judged, skipped


def present(project: Project, facts: Facts) -> Outcome:
    """Every secret is there, and no password is empty.

    Without its password the app does not get to its data. `stack up` makes what is missing; `stack secret rotate` with
    the service's name, postgres or redis, mends the rest: service and file get a new one.
    """
    passwords = {password_file(store) for store in STORES}
    empty = [one.path for one in facts.secrets if one.path.name in passwords and one.size <= 1]
    left = [one.path for one in facts.secrets if one.path.stem in passwords and one.path.suffix == ".new"]
    wrong = [f"{_name(path)} is empty" for path in empty]
    wrong += [f"{_name(path)} is what an interrupted change of the password left behind" for path in left]
    file = project.password(POSTGRES) if facts.data_version and project.database else None
    if file and str(file) in facts.missing:
        wrong.append(f"{_name(file)} is gone, and the database in the volume has a password")
    return judged(wrong, (_name(one.path) for one in facts.secrets))


def settings(_project: Project, facts: Facts) -> Outcome:
    """The secret settings of the app and of Traefik can be read.

    A container ends at the first line that cannot, and then nothing serves. Mend the line in secrets/app.env or
    secrets/traefik.env, one NAME=VALUE each; `stack secret set NAME`, for Traefik's with `--proxy`, writes them so that
    any value survives.
    """
    return judged((f"{SECRETS}/{problem}" for problem in facts.unreadable), ())


def private(_project: Project, facts: Facts) -> Outcome:
    """Only their owner can reach the secrets, and nobody else change one.

    Every user of the server could read them, or put one of his own in their place. `chmod 700 secrets` closes the
    folder, `chmod 444` a file in it; what may have been changed by others is best made anew.
    """
    wrong = [f"everybody may write {_name(one.path)}" for one in facts.secrets if one.mode & stat.S_IWOTH]
    if facts.secrets_mode is not None and facts.secrets_mode & (stat.S_IRWXG | stat.S_IRWXO):
        wrong.append(f"others than its owner get into {SECRETS}/: its mode is {facts.secrets_mode:04o}")
    return judged(wrong, (f"{_name(one.path)}: {one.mode:04o}" for one in facts.secrets))


def untracked(_project: Project, facts: Facts) -> Outcome:
    """Git has no secret.

    What is committed once is in every clone for ever. `git rm --cached` takes a file out of the next commit; the secret
    itself has to be changed, because the history keeps it: `stack secret rotate`, `stack secret set`.
    """
    if facts.tracked is None:
        return skipped("git does not say what it has (`git status` tells why)")
    return judged((f"git has {name}" for name in facts.tracked if PurePath(name).name != ".gitignore"), ())


def inspect(_project: Project, facts: Facts) -> Outcome:
    """No secret stands in `docker inspect`.

    Whoever may ask Docker reads it there, monitoring and backups copy it, and it stays for as long as the container
    does. Take it out of `environment:`, `command:` or `labels:`, set it by `stack secret set` instead, then `stack up`.
    """
    return judged(facts.exposed, ())


def image(project: Project, facts: Facts) -> Outcome:
    """No secret lies in the app's image.

    Whoever gets the image gets the secret: from a registry, a backup, a colleague's machine. Name the file in
    .dockerignore, take the line out of the Dockerfile, `stack up`; then change the secret, `stack secret rotate` or
    `stack secret set`, because old layers keep it. What a later layer removed is not seen here.
    """
    if facts.baked is None:
        return skipped(f"the image {project.app.image} could not be searched")
    return judged(facts.baked, (project.app.image,))


def _name(path: PurePath) -> str:
    return f"{SECRETS}/{path.name}"
