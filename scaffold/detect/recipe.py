"""What a Dockerfile makes, read as text.

dockerfile-parse splits it into instructions and words. What it does otherwise than BuildKit is done here: bodies of
heredocs (it takes their lines for instructions), empty lines and an end of file inside an instruction (it drops the
rest, or all of it), `${NAME:-word}`, names it does not know (it makes them empty), and what a stage inherits.
Rules: Docker's "Dockerfile reference".
"""

import io
import json
import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from dockerfile_parse import DockerfileParser
from dockerfile_parse.util import WordSplitter

from ..source import Recipe, shell_words

HEREDOC = re.compile(r"(?<!<)<<(-?)(['\"]?)([A-Za-z_]\w*)\2")
VARIABLE = re.compile(
    r"(?P<kept>\\\$|'[^']*')|\$(?:(?P<plain>\w+)|\{(?P<name>\w+)(?:(?P<sign>:?[-+])(?P<word>[^}]*))?\})"
)
FROM = re.compile(r"(?:--platform=\S+\s+)?(\S+)(?:\s+as\s+(\S+))?", re.IGNORECASE)
FLAG = re.compile(r"--[a-z-]+(=\S*)?\s+")
REMOTE = re.compile(r"<<|https?:|git@|git:")


@dataclass(frozen=True)
class _Stage:
    recipe: Recipe
    args: Mapping[str, str] = field(default_factory=dict)
    has_command: bool = False
    """Whether the stage itself has a CMD, and not the one it comes from."""

    @property
    def values(self) -> Mapping[str, str]:
        return {**self.args, **self.recipe.environment}


def read(text: str | None) -> Recipe:
    """Return what the last stage makes; with a problem when it is no Dockerfile that can be read."""
    if text is None:
        return Recipe(problem="Dockerfile cannot be read")
    stages: list[_Stage] = []
    places: dict[str, int] = {}
    before: dict[str, str] = {}
    for instruction, value in _instructions(text):
        if instruction == "FROM":
            image, name = _image(value, before)
            earlier = places.get(image.lower())
            stages.append(
                _Stage(Recipe(base=image)) if earlier is None else replace(stages[earlier], has_command=False)
            )
            places.update({name: len(stages) - 1} if name else {})
        elif stages:
            stages[-1] = _after(stages[-1], instruction, value, before)
        elif instruction == "ARG":
            before |= _arguments(value, before, {})
    return stages[-1].recipe if stages else Recipe(problem="Dockerfile has no FROM, so it builds nothing")


def _instructions(text: str) -> list[tuple[str, str]]:
    lines = (line for line in _without_heredocs(text.split("\n")) if line.strip())
    content = "\n".join((*lines, "", ""))
    found = DockerfileParser(fileobj=io.StringIO(content)).structure
    return [(one["instruction"], one["value"].strip()) for one in found if one["value"] and one["value"].strip()]


def _without_heredocs(lines: Sequence[str]) -> list[str]:
    kept: list[str] = []
    place = 0
    while place < len(lines):
        line = lines[place]
        kept.append(line)
        place += 1
        for tabs, _, end in () if line.lstrip().startswith("#") else HEREDOC.findall(line):
            place = _beyond(lines, place, end, tabs=bool(tabs))
    return kept


def _beyond(lines: Sequence[str], start: int, end: str, *, tabs: bool) -> int:
    """Return the place after the line that ends a heredoc; the start when nothing does."""
    found = (
        place + 1 for place in range(start, len(lines)) if (lines[place].lstrip("\t") if tabs else lines[place]) == end
    )
    return next(found, start)


def _image(value: str, before: Mapping[str, str]) -> tuple[str, str]:
    """Return the image that a stage comes from, and the stage's own name, which Docker reads in lower case."""
    found = FROM.match(value)
    image, name = (found[1], found[2]) if found else (value, "")
    return _word(image, before), (name or "").lower()


def _after(stage: _Stage, instruction: str, value: str, before: Mapping[str, str]) -> _Stage:
    """Return a stage with one more instruction."""
    recipe = stage.recipe
    if instruction == "ARG":
        return replace(stage, args={**stage.args, **_arguments(value, stage.values, before)})
    if instruction == "CMD":
        words, in_shell = _command(value)
        return replace(stage, recipe=replace(recipe, command=words, command_in_shell=in_shell), has_command=True)
    if instruction == "ENTRYPOINT":
        words, in_shell = _command(value)
        if not stage.has_command:  # an entry point takes the inherited command away
            recipe = replace(recipe, command=(), command_in_shell=False)
        return replace(stage, recipe=replace(recipe, entrypoint=words, entrypoint_in_shell=in_shell))
    return replace(stage, recipe=_with(recipe, instruction, value, stage.values))


def _with(recipe: Recipe, instruction: str, value: str, known: Mapping[str, str]) -> Recipe:
    if instruction == "ENV":
        return replace(recipe, environment={**recipe.environment, **_environment(value, known)})
    if instruction == "USER":
        return replace(recipe, user=_word(value, known))
    if instruction == "WORKDIR":
        return replace(recipe, workdir=_inside(recipe.workdir, _word(value, known)).rstrip("/") or "/")
    if instruction in {"COPY", "ADD"}:
        return replace(recipe, copies=(*recipe.copies, *_copies(value, recipe.workdir, known)))
    return recipe


def _environment(value: str, known: Mapping[str, str]) -> dict[str, str]:
    """Return what ENV sets, in its form with equals signs or the old one with a single name."""
    words = _split(value)
    if "=" not in words[0]:
        return {words[0]: _word(value[len(words[0]) :].strip(), known)}
    pairs = (word.partition("=") for word in words)
    return {name: _word(text, known) for name, _, text in pairs}


def _arguments(value: str, known: Mapping[str, str], before: Mapping[str, str]) -> dict[str, str]:
    """Return what ARG sets: its own default, else the value from before the first stage, if there is one."""
    pairs = [word.partition("=") for word in _split(value)]
    inherited = {name: before[name] for name, equals, _ in pairs if not equals and name in before}
    return inherited | {name: _word(text, known) for name, equals, text in pairs if equals}


def _split(value: str) -> list[str]:
    """Return the words of an instruction, with their quotes."""
    return [word for word in WordSplitter(value).split(dequote=False) if word]


def _word(text: str, known: Mapping[str, str]) -> str:
    """Return a word without its quotes and with the variables that are known."""
    return str(WordSplitter(VARIABLE.sub(lambda found: _value(found, known), text)).dequote())


def _value(found: re.Match[str], known: Mapping[str, str]) -> str:
    name = found["plain"] or found["name"]
    value = known.get(name) if name else None
    sign, word = found["sign"] or "", found["word"] or ""
    if sign.endswith("-"):
        return value if value or (value is not None and sign == "-") else word
    if sign.endswith("+"):
        return word if value or (value is not None and sign == "+") else ""
    return found[0] if value is None else value


def _command(value: str) -> tuple[tuple[str, ...], bool]:
    """Return a command's words, and whether Docker starts it in a shell: whatever is no JSON list of strings."""
    try:
        words = json.loads(value)
    except (ValueError, RecursionError):
        words = None
    if isinstance(words, list) and all(isinstance(word, str) for word in words):
        return tuple(words), False
    return shell_words(value), True


def _copies(value: str, workdir: str, known: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    flags = re.match(rf"(?:{FLAG.pattern})*", value)
    start = flags.end() if flags else 0
    if "--from=" in value[:start]:
        return ()
    words, in_shell = _command(value[start:])
    plain = words if not in_shell else tuple(_split(value[start:]))
    *sources, target = (_word(word, known) for word in plain or ("",))
    return tuple((one, _inside(workdir, target)) for one in sources if not REMOTE.match(one))


def _inside(workdir: str, path: str) -> str:
    """Return a path from a working directory, with a slash at its end when it says that it is a folder."""
    folder = path.endswith(("/", "/.")) or path in {".", ".."}
    whole = posixpath.normpath(posixpath.join(workdir, path))
    return f"{whole}/" if folder and whole != "/" else whole
