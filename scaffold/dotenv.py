"""The text of secrets/app.env, as the entry point of the app's container reads it.

That of secrets/traefik.env is read by a shell, which knows no escapes: `escapes=False`.
"""

import json
import re

from .errors import WrongInput

LINES = re.compile(r"([^\r\n]*)(\r\n?|\n|\Z)")
DEFINITION = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=.*")
RESERVED, OURS = "STACK_", {"PATH", "IFS"}
"""Names that the shell which reads secrets/traefik.env goes by itself."""
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
ASSIGNMENT = re.compile(r"\s*(?:export\s+)?(\w+)\s*=\s*(.*?)\s*")
"""What Compose takes for a definition; the container's reader is stricter."""
QUOTED = re.compile(r"(['\"])(.*?)\1")
COMMENT = re.compile(r"\s+#.*")
NOUN = (
    r"(?:api|app|secret|key|password|passwd|token|domain|name|user|username|e?mail|host|hostname|server|database|db"
    r"|project|client|account|bucket|access|private|public|value|company|org|site)"
)
WAITS = (
    r"(?: change[-_]?(?:me|this) | replace[-_]?me | (?-i:TODO|FIXME) | placeholder | x{3,} | < [^<>@/]+ >"
    r" | (?:your|insert)[-_](?:[\w-]*[-_])?here )"
)
PLACEHOLDER = re.compile(WAITS, re.IGNORECASE | re.VERBOSE)
"""The whole of a value that nobody can mean, because `up` stops at it."""
DOUBTFUL = re.compile(
    rf"""
      (?<![a-z]) (?:change|replace) [-_ ]? (?:me|this|it) (?![a-z])
    | (?<![a-z-]) (?:your|insert|enter) [-_ ]? (?:the[-_ ]|an?[-_ ]|your[-_ ]|own[-_ ])* {NOUN} (?![a-z])
    | ^ (?:your|insert|enter|put|add|set|paste) [-_ ] .* [-_ ] here $
    | (?: ^ | [\s:=] ) < \w [^<>]* > (?: $ | [\s:] )
    | ^ (?-i: TODO | FIXME ) (?! [\w+-] ) | ^ fixme $
    | (?: ^ | [-_:=] ) x{{3,}} $
    | (?: ^ | [\s:=] ) placeholder (?: $ | [\s:_-] )
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""What may stand where a value should be, and may be meant: the words of a button, the name of an app."""
PASSWORD = re.compile(rf":// [^/?\#@\s]* : {WAITS} @", re.IGNORECASE | re.VERBOSE)
"""In an address, the one part that is neither a host nor a path."""
SHORTEST = 6
"""Anything shorter would be found in words that are nobody's secret."""
TELLING = 8
"""A setting with fewer characters is none that one looks for."""
PLAIN = re.compile(
    r"[a-z]+|[A-Z]+|[A-Z]?[a-z]+|[\W\d_]+"
    r"|(?:[\w.+-]+@)?[a-z\d-]+(?:\.[a-z\d-]+)+(?::\d+)?"
    r"|/[\w./-]*|[A-Za-z_]+(?:/[A-Za-z_]+)+|[a-z]{2}_[A-Z]{2}(?:\.[\w-]+)?"
    r"|[a-z][a-z\d+.-]*://(?!(?:[^/?#@\s]*:)[^/?#@\s]+@)[^?]*"
)
"""The whole of a value that is no secret by its looks: a word, a number or a date, a host or a mail address, a path or
a time zone, a locale, an address without a password or a query."""
NAMED = re.compile(r"SECRET|PASSW|TOKEN|KEY|PRIVATE|CREDENTIAL|DSN|SALT", re.IGNORECASE)
"""What the name of a setting says of its value."""
RANDOM = re.compile(r"(?=[A-Za-z+/=]*\d)(?=[\d+/=]*[A-Za-z])[A-Za-z\d+/=]{16,}")
"""What no person has made up: letters and digits without a break."""
URL_PASSWORD = re.compile(r"://[^/?#@\s]*:([^/?#@\s]+)@")


def names(text: str) -> tuple[str, ...]:
    """Return the names that are defined, each once, in order."""
    return tuple(dict.fromkeys(name for line, _ in _lines(text) if (name := _defined(line))))


def values(text: str) -> tuple[str, ...]:
    """Return what is defined, as it stands and as it is read, a line at a time: to look for it, not to use it."""
    written = [line.strip().partition("=")[2].strip() for line, _ in _lines(text) if _defined(line)]
    return tuple(part for value in written for form in (value, _read(value) or "") for part in form.splitlines())


def telling(text: str) -> dict[str, frozenset[str]]:
    """Return the values that look secret, by name: as they stand, as they are read, and a password inside one."""
    found: dict[str, frozenset[str]] = {}
    for line, _ in _lines(text):
        written = line.strip().partition("=")[2].strip()
        forms = {written, _read(written) or ""} if _defined(line) else set()
        parts = {part for form in forms for part in URL_PASSWORD.findall(form)}
        sure = {one for one in forms if parts or NAMED.search(_defined(line)) or RANDOM.search(one)}
        if kept := frozenset(one for one in sure | parts if looks_secret(one)):
            found[_defined(line)] = kept
    return found


def looks_secret(value: str) -> bool:
    """Tell whether a value may be a secret, by its looks alone."""
    plain = PLAIN.fullmatch(value) or is_placeholder(value)
    return len(value) >= TELLING and not plain


def placeholders(text: str) -> tuple[str, ...]:
    """Return the names whose value is a placeholder, each once, in order."""
    lines = ((_defined(line), line.strip().partition("=")[2].strip()) for line, _ in _lines(text))
    last = {name: _read(value) or "" for name, value in lines if name}
    return tuple(name for name, value in last.items() if is_placeholder(value))


def is_placeholder(value: str) -> bool:
    """Tell whether a value waits for somebody to write the real one, beyond doubt."""
    return PLACEHOLDER.fullmatch(value.strip()) is not None


def may_be_placeholder(value: str) -> bool:
    """Tell whether a value looks like one that waits for the real one; no host and no path in it counts."""
    words = " ".join(word for word in value.split() if not set(word.rstrip(".")) & set("./@\\"))
    return is_placeholder(value) or bool(DOUBTFUL.search(words) or PASSWORD.search(value))


def settings(text: str) -> dict[str, str]:
    """Return what an .env file of Compose defines, without quotes and comments; variables are not filled in."""
    return {found[1]: _bare(found[2]) for line, _ in _lines(text) if (found := ASSIGNMENT.fullmatch(line))}


def _bare(value: str) -> str:
    quoted = QUOTED.match(value)
    return quoted[2] if quoted else COMMENT.sub("", value)


def with_value(text: str, name: str, value: str, *, escapes: bool = True) -> str:
    """Return a text in which a name has this value: its last definition is replaced, else one is appended."""
    lines = _lines(text)
    places = [place for place, (line, _) in enumerate(lines) if _defined(line) == name]
    new = f"{name}={_written(value) if escapes else _unescaped(name, value)}"
    if not places:
        return f"{text}{_gap(text)}{new}\n"
    lines[places[-1]] = (new, lines[places[-1]][1] or "\n")
    return "".join(line + end for place, (line, end) in enumerate(lines) if place not in places[:-1])


def without(text: str, name: str) -> str:
    """Return a text in which a name is not defined."""
    return "".join(line + end for line, end in _lines(text) if _defined(line) != name)


def problems(text: str, *, escapes: bool = True) -> tuple[str, ...]:
    """Return what the reader would stop at: the line's number and the reason, and no value."""
    lines = ((number, line.strip()) for number, (line, _) in enumerate(_lines(text), 1))
    told = ((number, _problem(line, escapes=escapes)) for number, line in lines if line and not line.startswith("#"))
    return tuple(f"line {number}: {problem}" for number, problem in told if problem)


def _read(value: str) -> str | None:
    """Return a value without its quotes; None when the reader stops at it."""
    if _quote(value) == "'":
        return value[1:-1]
    try:
        return str(json.loads(value, strict=False)) if _quote(value) else value
    except ValueError:
        return None


def _quote(value: str) -> str:
    """Return what a value is quoted with; nothing when it is not."""
    return value[0] if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"" else ""


def _problem(line: str, *, escapes: bool) -> str:
    name = _defined(line)
    if not name:
        return "not of the form NAME=VALUE"
    written = line.partition("=")[2].strip()
    if not escapes and _reserved(name):
        return f"{name} belongs into .env, or nowhere"
    if not escapes:
        return f"{name}: a \\ is not read in double quotes; use single ones" if _escaped(written) else ""
    value = _read(written)
    if value is None:
        return f'{name}: in double quotes a \\ is written \\\\ and a " is written \\"'
    return f"{name}: no environment variable can hold that value" if "\0" in value or _is_cut(value) else ""


def _reserved(name: str) -> bool:
    return name.startswith(RESERVED) or name in OURS


def _is_cut(value: str) -> bool:
    """Tell whether a value has half of a surrogate pair, which no text in UTF-8 can."""
    return any("\ud800" <= character <= "\udfff" for character in value)


def refuse_unfit(name: str, value: str, *, escapes: bool = True) -> None:
    """Raise WrongInput for a name or a value that no environment can hold; the value is not shown."""
    if not escapes and _reserved(name):
        raise WrongInput(f"{name} belongs into .env, or nowhere", hint="stack secret set --proxy CF_DNS_API_TOKEN")
    if not NAME.fullmatch(name):
        raise WrongInput(
            f"{name!r} is no name of an environment variable: letters, digits and _, not beginning with a digit",
            hint="stack secret set API_KEY",
        )
    if "\0" in value:
        raise WrongInput(f"the value of {name} holds the character NUL, which no environment variable can")
    if _is_cut(value):
        raise WrongInput(f"the value of {name} is no text in UTF-8", hint="encode it, for example with base64")


def _lines(text: str) -> list[tuple[str, str]]:
    """Return every line and what ends it, where the reader sees a new line begin."""
    return [(line, end) for line, end in LINES.findall(text) if line or end]


def _gap(text: str) -> str:
    """Return what ends the last line, if nothing does."""
    return "" if not text or text.endswith(("\n", "\r")) else "\n"


def _defined(line: str) -> str:
    found = DEFINITION.fullmatch(line.strip())
    return found[1] if found else ""


def _escaped(written: str) -> bool:
    return _quote(written) == '"' and "\\" in written


def _unescaped(name: str, value: str) -> str:
    """Return a value as a reader without escapes takes it; WrongInput when no line can hold it."""
    if set(value) & set("\r\n"):
        raise WrongInput(f"the value of {name} has more than one line, and secrets/traefik.env one for each")
    return value if _written(value) == value else f"'{value}'"


def _written(value: str) -> str:
    """Return a value as it stands if it is read back so, else as JSON."""
    plain = value == value.strip() and not _quote(value) and not set(value) & set("\r\n")
    return value if plain else json.dumps(value, ensure_ascii=False)
