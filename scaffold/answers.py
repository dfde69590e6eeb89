"""What the person chose, before Copier has judged it."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from .errors import WrongInput


def from_pairs(pairs: Iterable[str]) -> dict[str, Any]:
    """Return the answers given as NAME=VALUE; WrongInput for anything else."""
    answers: dict[str, Any] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise WrongInput(f"--data {pair!r} is not of the form NAME=VALUE", hint="for example: --data workers=4")
        answers[name] = value
    return answers


def from_file(path: Path) -> dict[str, Any]:
    """Return the answers in a YAML file of NAME: VALUE lines; WrongInput when it is anything else."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise WrongInput(f"the answers file {path} cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, ValueError, AttributeError, TypeError, RecursionError) as error:
        # Beside its own errors PyYAML lets through those of the values it builds: a 45th of a month, a bad !!int.
        where = " ".join(str(error).split())
        raise WrongInput(f"the answers file {path} is not YAML: {where}", hint="one NAME: VALUE a line") from error
    if not isinstance(document, dict) or not all(isinstance(name, str) for name in document):
        raise WrongInput(f"the answers file {path} is not a list of NAME: VALUE lines")
    # Copier's own notes begin with an underscore, so that a project's answers file can be given as it is.
    return {name: value for name, value in document.items() if not name.startswith("_")}


def questions(copier_yml: str) -> dict[str, str]:
    """Return the type of every question that may be answered, in the order of copier.yml."""
    document: Mapping[str, Any] = yaml.safe_load(copier_yml)
    return {
        name: question.get("type", "yaml")
        for name, question in document.items()
        if not name.startswith("_") and isinstance(question, dict) and question.get("when") is not False
    }


def refuse_unfit(given: Mapping[str, Any], asked: Mapping[str, str]) -> None:
    """Raise WrongInput that names the first answer nobody asked for, or that is no number where one is wanted."""
    for name, value in given.items():
        if name not in asked:
            raise WrongInput(f"there is no question named {name!r}", hint=f"the questions are: {', '.join(asked)}")
        if asked[name] == "int" and not re.fullmatch(r"[+-]?\d+", str(value).strip()):
            raise WrongInput(f"{name} must be a whole number, not {str(value)!r}", hint=f"for example: --data {name}=2")
