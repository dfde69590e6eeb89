"""`stack check`: what its options ask for, and which of them do not go together."""

from dataclasses import dataclass
from pathlib import Path

from .. import checks, elsewhere
from ..errors import WrongInput


@dataclass(frozen=True)
class Asked:
    """The command line."""

    target: str
    """A folder, or an address."""
    only: tuple[str, ...] = ()
    listing: bool = False
    before: bool = False
    seconds: int | None = None
    once_bad: bool = False
    facts: Path | None = None
    from_facts: Path | None = None
    roots: Path | None = None
    on: str | None = None
    as_json: bool = False

    @property
    def afar(self) -> bool:
        """Whether it is about a site of which only the address is known."""
        return elsewhere.is_address(self.target)

    @property
    def watching(self) -> bool:
        """Whether it is to look again and again."""
        return bool(self.seconds) or self.once_bad


def check(asked: Asked) -> int:
    """Do what is asked for; WrongInput when that makes no sense."""
    _refuse(asked)
    if asked.listing:
        from . import listing

        chosen = checks.beyond(asked.only) if asked.afar else checks.select(asked.only, before=asked.before)
        return listing.show(chosen, as_json=asked.as_json)
    if asked.afar:
        from . import afar

        return afar.check(asked.target, asked.only, roots=asked.roots, as_json=asked.as_json)
    from . import afield

    with afield.at(Path(asked.target), asked.on, as_json=asked.as_json) as directory:
        return _looked(asked, directory)


def _looked(asked: Asked, directory: Path) -> int:
    if asked.watching:
        from . import watch

        wish = watch.Wish(asked.seconds, asked.once_bad, asked.before)
        return watch.watch(directory, asked.only, wish, as_json=asked.as_json)
    from . import stack

    if asked.from_facts:
        return stack.check_again(asked.from_facts, asked.only, before=asked.before, as_json=asked.as_json)
    return stack.check(directory, asked.only, before=asked.before, as_json=asked.as_json, file=asked.facts)


def _refuse(asked: Asked) -> None:
    """Raise WrongInput for options that do not go together."""
    filed = asked.facts or asked.from_facts
    if asked.roots and not asked.afar:
        raise WrongInput("--roots goes with an address", hint="stack check https://shop.example.com --roots FILE")
    if asked.on and (asked.afar or asked.from_facts):
        raise WrongInput("--on goes with a folder, not with an address or a file", hint="stack check --on USER@HOST")
    if asked.afar and (asked.before or asked.watching or filed):
        raise WrongInput(
            "--before, --watch, --facts and --from-facts go with a folder, not with an address",
            hint="stack check --help",
        )
    if asked.watching and filed:
        raise WrongInput("--watch looks again and again, and a file of facts has one look", hint="give one of them")
    if asked.facts and asked.from_facts:
        raise WrongInput("--facts saves what is seen, and --from-facts looks at nothing", hint="give one of them")
