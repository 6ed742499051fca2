"""English. Codes: refusal.*, outcome.*, say.* (workflow sentences), prompt.*, noun.*, line.*, command.*, screen.*.

Templates are `str.format` templates over the step's parameters. Short: a 40-column panel holds two lines of 38. A sentence
names what was scanned and what was expected, and never blames.
"""

from __future__ import annotations

REFUSALS = {
    "refusal.LEDGER_STOPPED": "ledger stopped: {cause}",
    "refusal.ANSWER_FIRST": "answer first: {question}",
    "refusal.UNREADABLE": "not readable: {cause}; scan again",
    "refusal.SECOND_CHANNEL": "came twice: {source} and {other}",
    "refusal.UNTRUSTED_SCANNER": "scanner not tested: {source}",
    "refusal.NOT_SIGNED_IN": "sign in first: scan your badge",
    "refusal.WRONG_PIN": "wrong PIN, {left} tries left",
    "refusal.LOCKED_OUT": "badge locked until {until}",
    "refusal.NOT_PERMITTED": "{operator} may not do this: needs {role}",
    "refusal.BAD_FORMAT": "bad label: {cause}",
    "refusal.BAD_CHECK_DIGIT": "bad check digit: {cause}",
    "refusal.UNKNOWN_ITEM": "unknown item {gtin}",
    "refusal.UNKNOWN_PLACE": "unknown place {place}",
    "refusal.UNKNOWN_BADGE": "unknown badge {badge}",
    "refusal.UNKNOWN_DOCUMENT": "unknown document {document}",
    "refusal.DOCUMENT_CLOSED": "{document} is closed",
    "refusal.TASK_LEASED": "{task} is with {holder}",
    "refusal.RECALLED": "RECALL lot {lot} {item}: do not use",
    "refusal.RECALL_LIST_TOO_OLD": "recall list is {age} old",
    "refusal.WATCH_LISTED": "on the watch list: {reason}",
    "refusal.SUSPECT": "suspect: {serial} — keep it apart",
    "refusal.ON_HOLD": "on hold ({status}): {item}",
    "refusal.EXPIRED": "expired {expiry}, today {today}",
    "refusal.DESTROYED": "{serial} was destroyed",
    "refusal.VOIDED": "{document} was voided",
    "refusal.ALREADY_OUT": "{serial} already left us",
    "refusal.ALREADY_RECEIVED": "{scanned} is already in: {place}",
    "refusal.ALREADY_SCANNED": "already scanned: {scanned}",
    "refusal.IN_OTHER_DOCUMENT": "this is on {other}, not {document}",
    "refusal.NOT_ON_DOCUMENT": "{item} is not on {document}",
    "refusal.NO_DATA": "no document names {scanned}",
    "refusal.LOT_MISMATCH": "this is {lot}, {document} says {expected}",
    "refusal.EXPIRY_MISMATCH": "label says {expiry}, expected {expected}",
    "refusal.RESERVED": "reserved for {document}",
    "refusal.WRONG_PLACE": "{place} is not the place: {expected}",
    "refusal.WRONG_STORAGE_CLASS": "{item} is {item_class}, {place} is {place_class}",
    "refusal.CONDITION_MISSING": "cold goods: logger result first",
    "refusal.WRONG_LEVEL": "this is {scanned}: scan {expected}",
    "refusal.CONTAINER_DOUBTFUL": "{container} was opened: scan what is inside",
    "refusal.OVER_QUANTITY": "{item}: {expected} expected, all are in",
    "refusal.NOT_FIRST_EXPIRED": "lot {expected} expires first",
    "refusal.SHELF_LIFE_TOO_SHORT": "expires {expiry}: too soon",
    "refusal.LICENCE_INVALID": "licence of {partner} is not valid",
    "refusal.TI_MISSING": "no transaction information for {scanned}",
    "refusal.NO_SSCC_LEFT": "no SSCC numbers left",
    "refusal.SECOND_PERSON_NEEDED": "needs a second person",
    "refusal.REASON_NEEDED": "needs a reason",
    "refusal.NOT_UNDOABLE": "cannot undo: {cause}",
}

OUTCOMES = {
    "outcome.OK": "saved",
    "outcome.MATCHED": "matched",
    "outcome.MATCHED_BY_PARENT": "matched in its case",
    "outcome.EXTRA": "extra: to the cage, held",
    "outcome.CONFIRMED": "confirmed: to the cage",
    "outcome.INFERRED": "{quantity} taken by sealed parents",
    "outcome.SHORT": "closed, {short} short",
    "outcome.OVER": "closed, {over} over",
    "outcome.DAMAGED": "damaged: to the cage",
    "outcome.DATA_WITHOUT_PRODUCT": "{short} on paper, not here",
    "outcome.PRODUCT_WITHOUT_DATA": "{over} here, not on paper",
    "outcome.PARTY_MISMATCH": "another partner than {expected}",
}

NOUNS = {
    "noun.ITEM": "ITEM",
    "noun.PALLET": "PALLET",
    "noun.PLACE": "PLACE",
    "noun.BADGE": "BADGE",
    "noun.PIN": "PIN",
    "noun.LOT": "LOT",
    "noun.SERIAL": "SERIAL",
    "noun.NUMBER": "NUMBER",
    "noun.ANSWER": "ANSWER",
    "noun.CAGE": "CAGE",
    "noun.LOGGER": "LOGGER",
    "noun.ANY": "ANY CODE",
    "noun.TASK": "TASK",
}

COMMANDS = {
    "command.UNDO": "Undo",
    "command.SKIP": "Next",
    "command.DAMAGED": "Damaged",
    "command.SHORT": "Short",
    "command.DONE": "Done",
    "command.BACK": "Back",
    "command.HELP": "Help",
    "command.ACCEPT_REST": "Accept",
    "command.SECOND_PACK": "2nd pack",
    "command.QUARANTINE": "Quarantine",
    "command.LOGGER_OK": "Logger OK",
    "command.LOGGER_ALARM": "Logger alarm",
    "command.QUANTITY": "Quantity",
    "command.WHY": "Why?",
}

# Sentences of the receiving workflow.
RECEIVING: dict[str, str] = {}

# Sentences of signing, put-away, opening balance, look-up and undo.
OTHER_WORKFLOWS: dict[str, str] = {
    # Sign-in.
    "prompt.signing.badge": "scan your badge",
    "prompt.signing.badge_locked": "locked: {name}, scan your badge",
    "prompt.signing.pin": "{name}: type your PIN",
    "prompt.signing.pin_locked": "locked: {name}, type your PIN",
    "prompt.signing.working": "{name} is signed in",
    "say.signing.pin": "hello {name}, now the PIN",
    "say.signing.already": "{name} is signed in already",
    "say.signing.signed_in": "signed in: {name}",
    "say.signing.unlocked": "welcome back, {name}",
    "say.signing.took_over": "signed in: {name}, in place of {former}",
    "say.signing.locked": "locked; {name}'s task is kept",
    "say.signing.signed_out": "signed out: {name}",
    "line.signing.locked_until": "badge locked until {until}",
}

# Words of the screens themselves (titles, meter, health, help, keys).
SCREENS: dict[str, str] = {}

SENTENCES: dict[str, str] = {
    **REFUSALS, **OUTCOMES, **NOUNS, **COMMANDS, **RECEIVING, **OTHER_WORKFLOWS, **SCREENS,
}  # fmt: skip
