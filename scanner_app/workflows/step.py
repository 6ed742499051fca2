"""What every workflow is made of: inputs, needs, transitions, prompts. Pure: no I/O, no clock, no randomness.

`step(state, happening, facts, moment)` returns a Transition, or Need(queries) when a fact is missing: the terminal has
the store answer them (in the same transaction) and calls again with the same arguments and more facts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from scanner_app.domain.entry import EntryKind
from scanner_app.domain.masters import DEFAULT_OWNER
from scanner_app.domain.refusals import Accepted, Outcome, Parameters, Refusal, Refused, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    from scanner_app.domain.facts import Query
    from scanner_app.domain.lists import MemberList
    from scanner_app.domain.masters import Operator
    from scanner_app.domain.scan import ParsedScan
    from scanner_app.domain.stock import ContainerMove, Posting


class Command(StrEnum):
    """What a key or a command card can ask, in any workflow that offers it."""

    UNDO = "UNDO"
    SKIP = "SKIP"
    DAMAGED = "DAMAGED"
    SHORT = "SHORT"
    DONE = "DONE"
    BACK = "BACK"
    HELP = "HELP"
    ACCEPT_REST = "ACCEPT_REST"
    SECOND_PACK = "SECOND_PACK"
    QUARANTINE = "QUARANTINE"
    LOGGER_OK = "LOGGER_OK"
    LOGGER_ALARM = "LOGGER_ALARM"
    QUANTITY = "QUANTITY"
    WHY = "WHY"


@dataclass(frozen=True, slots=True)
class Scanned:
    """A readable scan. `confirms`: captured after the present prompt was shown, plus the guard time."""

    parsed: ParsedScan
    confirms: bool = True


@dataclass(frozen=True, slots=True)
class Commanded:
    """A key or a command card; `number` for QUANTITY (QTY10 → 10)."""

    command: Command
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Typed:
    """Text typed in answer to a prompt that asks for a number; scans typed by hand come as Scanned."""

    text: str


Happening = Scanned | Commanded | Typed


@dataclass(frozen=True, slots=True)
class Moment:
    """When, where and who, handed in. `today` is the site's local date by the later of device and server time."""

    now_ms: int
    today: date
    operator: Operator | None
    read_point: str | None
    task: str
    cage: str
    """The code of the cage that confirmed exceptions are put in."""
    offset: int = 0
    """Minutes by which the site's local time is ahead of UTC at `now_ms`."""
    owner: str = DEFAULT_OWNER
    """Whose goods these are unless a document says otherwise."""
    site_as_of_ms: int | None = None
    """When the site's stock was last known to be whole on this device; None where it stands alone."""
    recalls_age_ms: int | None = None
    """How old the list of recalls is, by the later of both clocks; None where the device stands alone."""


@dataclass(frozen=True, slots=True)
class Need:
    """Facts that are missing; at most a handful a round, and a bounded number of rounds."""

    queries: tuple[Query, ...]


class MissingFactError(Exception):
    """Raised by Facts when facts were not asked yet; turned into Need by `asking`."""

    def __init__(self, query: Query, *more: Query) -> None:
        super().__init__(repr(query))
        self.query = query
        self.queries = (query, *more)


class Facts:
    """The answers so far. Indexing with a query gives its answer or raises MissingFactError."""

    __slots__ = ("_answers",)

    def __init__(self, answers: Mapping[Query, object]) -> None:
        self._answers = answers

    def __getitem__(self, query: Query) -> Any:  # noqa: ANN401 - each query names its answer's type; `domain.facts` lists them
        """The answer to a query; raises MissingFactError when it has not been asked."""
        try:
            return self._answers[query]
        except KeyError:
            raise MissingFactError(query) from None

    def all(self, queries: Sequence[Query]) -> tuple[Any, ...]:
        """The answers to queries that do not depend on each other, asked in one round; raises MissingFactError."""
        missing = dict.fromkeys(query for query in queries if query not in self._answers)
        if missing:
            raise MissingFactError(*missing)
        return tuple(self._answers[query] for query in queries)


class Tone(StrEnum):
    """What is heard (floor.md rule 19)."""

    GOOD = "good"
    BAD = "bad"
    ATTENTION = "attention"
    TICK = "tick"
    RECALL = "recall"
    DONE = "done"
    NEUTRAL = "neutral"


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is asked next: a code of `phrases`, its parameters, and whether nothing else may happen before the answer.

    `noun` is the giant word: ITEM, PALLET, PLACE, BADGE, PIN, …; `commands` are those that work now.
    """

    code: str
    noun: str
    parameters: Parameters = field(default_factory=dict)
    commands: tuple[Command, ...] = ()
    blocking: bool = False
    wants_number: bool = False


@dataclass(frozen=True, slots=True)
class Progress:
    """How far: base units done of those expected (None: not known)."""

    done: int
    total: int | None


@dataclass(frozen=True, slots=True)
class Line:
    """One line about what was scanned: a code of `phrases` and its parameters."""

    code: str
    parameters: Parameters = field(default_factory=dict)


NOT_NOW = Line("say.not_now")
"""What a command says that means nothing where it was given."""


@dataclass(frozen=True, slots=True)
class Draft:
    """The facts of an entry to be; the terminal adds ids, times, raw scan, site, device and operator.

    A `refused` draft has no postings. `lists` are written with the entry and named by digest.
    """

    kind: EntryKind
    verdict: Verdict
    document: str | None = None
    count: str | None = None
    reason: str | None = None
    note: str | None = None
    refers_to: str | None = None
    postings: tuple[Posting, ...] = ()
    container_moves: tuple[ContainerMove, ...] = ()
    lists: tuple[MemberList, ...] = ()


S = TypeVar("S")


@dataclass(frozen=True)
class Transition(Generic[S]):
    """The next state, the entry to commit (None: task state alone), what is heard and shown, and whether the task ends.

    `say` overrides the sentence of the draft's verdict. `lines` say what the thing was (name, lot, expiry, serial, …).
    `progress` None leaves the last one standing.
    """

    state: S
    draft: Draft | None
    tone: Tone
    say: Line | None = None
    lines: tuple[Line, ...] = ()
    progress: Progress | None = None
    finished: bool = False


class Workflow(Protocol[S]):
    """One kind of task. States are frozen dataclasses that `workflows.saving` can save and read back."""

    name: str
    state_type: type[S]

    def open(self, document: str | None, facts: Facts, moment: Moment) -> Transition[S]:
        """The first state of a new task; a refused draft (UNKNOWN_DOCUMENT, DOCUMENT_CLOSED) opens none."""

    def step(self, state: S, happening: Happening, facts: Facts, moment: Moment) -> Transition[S]:
        """What one happening comes to."""

    def prompt(self, state: S) -> Prompt:
        """What the state asks next; needs no facts, so that a restart shows the same prompt."""

    def undone(self, state: S, facts: Facts, moment: Moment) -> S:
        """The state after this task's last fact has been corrected (the correction is not in the facts yet)."""


def asking(decide: Callable[[Facts], Transition[S]], answers: Mapping[Query, object]) -> Transition[S] | Need:
    """Runs a decision on the answers so far: its transition, or the need of the first facts that it lacks."""
    try:
        return decide(Facts(answers))
    except MissingFactError as missing:
        return Need(missing.queries)


def refuse(
    state: S, refusal: Refusal, parameters: Parameters, *, tone: Tone = Tone.BAD, lines: tuple[Line, ...] = (),
    document: str | None = None,
) -> Transition[S]:  # fmt: skip
    """A transition that posts nothing and says why; the state given stands."""
    draft = Draft(EntryKind.REFUSED, Refused(refusal, parameters), document=document)
    return Transition(state, draft, tone, lines=lines)


def note(
    state: S, outcome: Outcome = Outcome.OK, *, say: Line | None = None, tone: Tone = Tone.TICK,
    lines: tuple[Line, ...] = (), document: str | None = None,
) -> Transition[S]:  # fmt: skip
    """A transition that keeps a context scan, look-up or command as a `noted` entry."""
    draft = Draft(EntryKind.NOTED, Accepted(outcome), document=document)
    return Transition(state, draft, tone, say=say, lines=lines)
