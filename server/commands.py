"""What commands change, each by name with plain arguments, so that it runs the same here and over the local socket.

A command gets an Office to write through: the books themselves where no centre runs, the running centre's writer
thread where one does.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from scanner_app.domain.keys import Gtin, KeyFormatError, Lot, Serial
from scanner_app.domain.masters import Role
from scanner_app.domain.permissions import ROLES
from scanner_app.errors import ConfigError
from server import leases, registry
from server.count_decisions import approve, reject, write_off
from server.counts import State, find_count, note_quiet
from server.exceptions import resolve
from server.imports import conflicts, put_contents, read_contents
from server.passwords import is_verified
from server.recalls import REASON_MAX, open_recall
from server.safety import mark_safe
from server.strict import KEY_CHARACTERS_MAX

if TYPE_CHECKING:
    from server.writing import Writing

T = TypeVar("T")
Arguments = dict[str, Any]
Answer = dict[str, Any]


class Office(Protocol):
    """Where commands write."""

    def sites(self) -> list[str]:
        """The sites, by id."""

    def do(self, site: str, work: Callable[[Writing], T]) -> T:
        """One work, committed when it returns."""


def usage(message: str, remedy: str = "") -> ConfigError:
    """A command that cannot be carried out as it was given."""
    return ConfigError("USAGE", message, remedy=remedy)


def site_of(office: Office, wanted: str | None) -> str:
    """The site that is meant: the one that was named, or the only one there is."""
    sites = office.sites()
    if wanted is None and len(sites) == 1:
        return sites[0]
    if wanted not in sites:
        told = f"There is no site {wanted}." if wanted else "There is more than one site."
        raise usage(told, f"Name --site: {', '.join(sites) or 'none yet; run `scanner-server init`'}.")
    return wanted


def enrol_code(office: Office, given: Arguments) -> Answer:
    """A one-time code for a device."""
    device = str(given["device"])
    if not (0 < len(device) <= KEY_CHARACTERS_MAX and device.isprintable()) or device.startswith("centre:"):
        raise usage(f"--device {device!r}: 1 to {KEY_CHARACTERS_MAX} printable characters, not beginning with centre:.")
    site = site_of(office, given.get("site"))
    code, until_ms = office.do(
        site, lambda writing: (registry.make_code(writing, device), writing.now_ms + registry.DAY_MS)
    )
    return {"code": code, "device": device, "site": site, "until_ms": until_ms}


def import_file(office: Office, given: Arguments) -> Answer:
    """A file of records, all of it or, with `partial`, its good rows."""
    contents = read_contents(given["kind"], given["content"], partial=given["partial"])
    site = site_of(office, given.get("site"))

    def work(writing: Writing) -> list[Any]:
        bad = [*contents.bad, *conflicts(writing, contents.records)]
        hard = bad[len(contents.bad) :] if given["partial"] else bad
        if not hard and len(contents) and not given["dry_run"]:
            put_contents(writing, contents)
        return bad

    bad = office.do(site, work)
    blocked = bool(bad[len(contents.bad) :] if given["partial"] else bad) or not len(contents)
    return {
        "records": 0 if blocked else len(contents),
        "bad": [{"where": each.where, "column": each.column, "problem": each.problem} for each in bad],
    }


def set_device(office: Office, given: Arguments) -> Answer:
    """Revokes a device or declares it lost."""
    state = {"revoke": registry.REVOKED, "lost": registry.LOST}[given["action"]]
    sites = [given["site"]] if given.get("site") else office.sites()
    done = [site for site in sites if office.do(site, partial(_set_state, device=given["name"], state=state))]
    return {"device": given["name"], "state": state, "sites": done}


def _set_state(writing: Writing, device: str, state: str) -> bool:
    """A device's state; counts wait no longer for one that is lost, and its leases are over."""
    known = registry.set_state(writing, device, state)
    if state == registry.LOST:
        leases.end_of_device(writing, device)
    note_quiet(writing)
    return known


def recall(office: Office, given: Arguments) -> Answer:
    """Opens a recall."""
    try:
        gtin = str(Gtin.of(given["gtin"]))
        lot = None if given.get("lot") is None else str(Lot.of(given["lot"]))
        serials = [str(Serial.of(each)) for each in given.get("serials") or ()]
    except KeyFormatError as fault:
        raise usage(str(fault)) from None
    reason = given["reason"]
    if (lot is None) == (not serials) or not reason or len(reason) > REASON_MAX:
        raise usage(f"Name --lot or --serials, and a --reason of at most {REASON_MAX} characters.")

    def work(writing: Writing) -> Answer:
        operator = signed(writing, given)
        opened, lines = open_recall(writing, gtin, lot, serials, reason, operator)
        return {"recall": opened, "lines": lines, "site": writing.site}

    return office.do(site_of(office, given.get("site")), work)


def resolve_exception(office: Office, given: Arguments) -> Answer:
    """Resolves a flag."""

    def work(writing: Writing) -> bool:
        return resolve(writing, given["id"], given["how"], signed(writing, given), given["reason"])

    sites = [given["site"]] if given.get("site") else office.sites()
    done = [site for site in sites if office.do(site, work)]
    return {"id": given["id"], "resolved": bool(done)}


def lease(office: Office, given: Arguments) -> Answer:
    """Grants a range of SSCCs or a task, ends a lease, or sets the prefix that ranges are cut from."""
    action = given["action"]
    if action == "end":
        sites = [given["site"]] if given.get("site") else office.sites()
        done = any(office.do(site, partial(leases.end_by_id, lease=given["lease"])) for site in sites)
        return {"lease": given["lease"], "done": done}
    site = site_of(office, given.get("site"))
    if action == "prefix":
        office.do(site, partial(leases.set_prefix, prefix=given["prefix"]))
        return {"site": site, "prefix": given["prefix"], "done": True}
    granted = office.do(site, partial(_granted, given=given))
    return {"site": site, "device": given["device"], "lease": granted, "done": granted is not None}


def _granted(writing: Writing, given: Arguments) -> str | None:
    device = given["device"]
    epoch = leases.holder_of(writing.session, writing.site, device)
    if epoch is None:
        raise usage(f"{device}: no such device, or it has sent nothing yet.", "A lease is for a ledger that is known.")
    if given["action"] == "task":
        minutes = leases.policy(writing, "task_minutes", leases.TASK_MINUTES)
        until_ms = given.get("until_ms") or writing.now_ms + minutes * 60_000
        return leases.grant_task(writing, given["task"], device, epoch, until_ms)
    return leases.grant_range(writing, device, epoch, given["count"])


def decide_count(office: Office, given: Arguments) -> Answer:
    """Approves or rejects a count, or writes off what it did not locate."""

    def work(writing: Writing) -> Answer | None:
        operator, count, reason = signed(writing, given), given["id"], given["reason"] or None
        if given["action"] == "loss":
            written = write_off(writing, count, operator, reason)
            return None if written is None else {"state": written[0], "done": written[1] > 0, "units": written[1]}
        decide, wanted = {"approve": (approve, State.APPROVED), "reject": (reject, State.REJECTED)}[given["action"]]
        before = find_count(writing.session, writing.site, count)
        state = decide(writing, count, operator, reason)
        done = state == wanted and before is not None and before.state != wanted
        return None if state is None else {"state": state, "done": done}

    return _at_its_site(office, given, work)


def _at_its_site(office: Office, given: Arguments, work: Callable[[Writing], Answer | None]) -> Answer:
    """Does a work where its id is known: at the site that is named, else at the first that knows it."""
    for site in [given["site"]] if given.get("site") else office.sites():
        answer = office.do(site, partial(_where_known, given=given, work=work))
        if answer is not None:
            return {"id": given["id"], "site": site, **answer}
    return {"id": given["id"], "site": None, "state": None, "done": False}


def _where_known(writing: Writing, given: Arguments, work: Callable[[Writing], Answer | None]) -> Answer | None:
    return None if find_count(writing.session, writing.site, given["id"]) is None else work(writing)


def signed(writing: Writing, given: Arguments) -> str:
    """The operator who decides: active, a supervisor at least. With a badge's token, the PIN must be right too.

    Whoever may run this command may write the database; the name is for the record. Raises ConfigError.
    """
    operator, _, token = str(given["by"]).partition(".")
    known = writing.knows.operators.get(operator)
    if known is None or not known.operator.active:
        raise usage(f"--by {operator}: no active operator of site {writing.site}.")
    if ROLES.index(known.operator.role) < ROLES.index(Role.SUPERVISOR):
        raise usage(f"--by {operator}: needs the role supervisor, and has {known.operator.role.value}.")
    if token and not is_verified(known.operator.verifier, f"{given.get('pin') or ''}{token}"):
        raise usage(f"--by {operator}: wrong badge or PIN.", "Set SCANNER_PIN, or type the PIN.")
    return operator


def backed_up(office: Office, given: Arguments) -> Answer:
    """A verified backup holds these chains up to these sequences: they are safe."""
    known = office.sites()
    moved = 0
    for site, heads in given["heads"].items():
        if site in known:
            safe = {bytes.fromhex(epoch): (seq, bytes.fromhex(link)) for epoch, (seq, link) in heads.items()}
            moved += office.do(site, partial(mark_safe, heads=safe))
    return {"moved": moved}


COMMANDS: Final[dict[str, Callable[[Office, Arguments], Answer]]] = {
    "enrol-code": enrol_code, "import": import_file, "device": set_device, "recall": recall,
    "resolve": resolve_exception, "decide-count": decide_count, "lease": lease, "backed-up": backed_up,
}  # fmt: skip
"""Every command that changes something."""
