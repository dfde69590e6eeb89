"""The part of `stack new` that is about a folder with an app in it: look, choose, say, agree, blend."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from .. import adopt, detect, placing
from ..errors import WrongInput
from ..form import Choice, Question
from ..outline import Adoption
from ..source import Candidate, Source

APP, DOCKERFILE = "app", "dockerfile"
ENV = Path(".env")
IGNORED = Path("Dockerfile.dockerignore")


def read(folder: Path) -> Source:
    """Return what a folder holds; WrongInput when it was adopted before, or another template made it."""
    source = detect.look(folder)
    adopt.refuse_adopted(source, str(folder))
    return source


def look(folder: Path, given: Mapping[str, Any]) -> Adoption:
    """Return what follows from the app in a folder; WrongInput when it cannot be adopted as it is."""
    return adoption(read(folder), folder, given)


def adoption(source: Source, folder: Path, given: Mapping[str, Any]) -> Adoption:
    """Return what follows from the app in a folder, if there is one; WrongInput when it cannot be adopted as it is."""
    if not adopt.adopts(source, given):
        return Adoption(given)
    _refuse_env(folder)
    proposal = adopt.propose(source, _app(source, folder, given), given, str(folder))
    answers = {**proposal.answers, **given}
    aside = {name: placing.free_name(folder, f"{name}{adopt.ASIDE}") for name in adopt.in_the_way(source, answers)}
    behind = (adopt.left_behind(name, _text(folder / name)) for name in aside if name != "Dockerfile")
    said = (*proposal.said, *filter(None, behind), *_about_git(folder), *source.notes)
    return Adoption(answers, said, aside, found=True)


def question(name: str, source: Source, value: Any) -> Question:  # noqa: ANN401 - an answer
    """Return the question that a folder with a Dockerfile, or without an app that is sure, makes necessary."""
    if name == DOCKERFILE and source.recipe:
        old = adopt.translate(source.recipe, source.paths)
        why = (f"{source.recipe.base} is deprecated",) if old else adopt.problems(source.recipe)
        text = f"There is a Dockerfile{': ' + '; '.join(why) if why else ''}."
        own = Choice(f"use the stack's own (yours becomes Dockerfile{adopt.ASIDE})", "replace")
        choices: tuple[Choice, ...] = (Choice("keep it", "keep"), own)[:: -1 if why else 1]
    else:
        text = "Which app is to be served?" if source.candidates else "Where is the FastAPI app? package.module:name"
        choices = tuple(Choice(f"{one.app} ({one.where})", one.app) for one in source.candidates)
    return Question(name, "str", text, value or next((one.value for one in choices), ""), choices=choices)


def refusal(name: str, value: str, source: Source, folder: Path) -> str:
    """Return why such an answer cannot be, whatever the others are; empty when it can."""
    if name == DOCKERFILE:
        kept = source.recipe and value == "keep"
        return "; ".join(adopt.problems(source.recipe)) if source.recipe and kept else ""
    return detect.names(folder, value, detect.root_of(folder, value) or ".")


def blend(rendered: Path, folder: Path) -> frozenset[Path]:
    """Put what the folder's own .env and .dockerignore say into the rendered files; return those that will change."""
    if (folder / ".dockerignore").exists() and not (folder / IGNORED).exists():
        _rewrite(rendered / IGNORED, adopt.with_patterns(_text(folder / ".dockerignore"), _text(rendered / IGNORED)))
    if not (folder / ENV).exists():
        return frozenset()
    before = _text(folder / ENV)
    after = adopt.with_block(before, _text(rendered / ENV))
    _rewrite(rendered / ENV, after)
    return frozenset({ENV}) if after != before else frozenset()


def agree(folder: Path, aside: Mapping[str, str], blended: Collection[str], *, yes: bool) -> None:
    """Return when the person's own files may be touched; WrongInput with what would be done when not."""
    # What becomes of the Dockerfile is an answer.
    renamed = {name: other for name, other in aside.items() if name != "Dockerfile"}
    names = ", ".join((*renamed, *blended))
    if yes or not names:
        return
    steps = [f"rename {name} to {other}" for name, other in renamed.items()]
    steps += [f"append the stack's lines to {name}" for name in blended]
    raise WrongInput(
        f"{folder} already has {names}; nothing was written",
        hint=f"--yes, to {' and '.join(steps)}; or move what is in the way",
    )


def _app(source: Source, folder: Path, given: Mapping[str, Any]) -> Candidate:
    if name := given.get(APP):
        return _named(source, folder, str(name), given)
    if told := adopt.told(source, given):
        return told
    found = adopt.choose(source, str(folder))
    found = replace(found, folder=str(given.get("app_dir", found.folder)))
    if why := detect.names(folder, found.app, found.folder):
        raise WrongInput(f"{found.app} names nothing: {why}", evidence=(found.where,), hint="mend it there")
    return found


def _about_git(folder: Path) -> tuple[str, ...]:
    """Tell to keep .env out of git, where git is used, perhaps in a folder above, and nobody has."""
    above = [folder.resolve(), *folder.resolve().parents]
    top = next((number for number, one in enumerate(above) if (one / ".git").exists()), None)
    if top is None or any(
        _ignores_env(one / ".gitignore", here=not number) for number, one in enumerate(above[: top + 1])
    ):
        return ()
    return ("git: add /.env to .gitignore, it differs per server",)


def _ignores_env(ignored: Path, *, here: bool) -> bool:
    """Tell whether a .gitignore names .env; with a slash before it, it means the one beside it."""
    lines = {line.strip() for line in _text(ignored).splitlines()} if ignored.is_file() else set()
    names = {".env", "*.env", ".env*", "**/.env"}
    return bool(lines & names) or (here and bool({line.lstrip("/") for line in lines} & names))


def _refuse_env(folder: Path) -> None:
    """Raise WrongInput for an .env that the stack's lines cannot be added to."""
    if (folder / ENV).is_dir():
        raise WrongInput(f"{folder / ENV} is a folder, and Compose reads a file of that name", hint="rename it")
    if (folder / ENV).exists() and (why := adopt.unfit(_text(folder / ENV))):
        raise WrongInput(f"Compose could not read {folder / ENV}: {why}", hint="mend that line, then try again")


def _named(source: Source, folder: Path, name: str, given: Mapping[str, Any]) -> Candidate:
    """Return the app that the person named; WrongInput when there is none of that name, or more than one."""
    same = [one for one in source.candidates if one.app == name and one.folder == given.get("app_dir", one.folder)]
    if len(same) > 1:
        raise WrongInput(
            f"there is more than one {name}: --data app_dir=FOLDER says which",
            evidence=tuple(f"app_dir={one.folder}: {one.where}" for one in same),
            hint=f"--data app={name} --data app_dir={same[0].folder}, or another of these",
        )
    if same:
        return replace(same[0], where="as you said")
    root = str(given.get("app_dir") or detect.root_of(folder, name) or ".")
    if given.get("dockerfile") != "keep" and (why := detect.names(folder, name, root)):
        raise WrongInput(f"app={name} names nothing: {why}", hint="--data app=package.module:name, as in the code")
    return Candidate(name, root, "as you said")


def _text(path: Path) -> str:
    # Whatever bytes are in there come out as they were.
    return path.read_bytes().decode(errors="surrogateescape")


def _rewrite(path: Path, text: str) -> None:
    path.write_bytes(text.encode(errors="surrogateescape"))
