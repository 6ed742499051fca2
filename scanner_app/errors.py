"""What can go wrong outside a step's control: one exception type in a handful of families.

An expected refusal is a value (domain.refusals); an assertion is our own bug. Everything else is a ScannerError: it has
a stable code, says whether trying again can help, and carries the remedy a person can act on.
"""

from __future__ import annotations

REPORT_IT = "Report it with the log; `scanner doctor` names its folder."


class ScannerError(Exception):
    """A fault outside the step: `code` is stable, `retryable` says whether the same call may work later."""

    family = "Scanner"

    def __init__(self, code: str, message: str, *, remedy: str = "", retryable: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.remedy = remedy
        self.retryable = retryable

    def __str__(self) -> str:
        """The sentence and, where there is one, the remedy."""
        return f"{self.message} {self.remedy}" if self.remedy else self.message


class ConfigError(ScannerError):
    """A configuration, command line or imported file that cannot be used; names file, table and key (exit 2)."""

    family = "Config"


class DeviceError(ScannerError):
    """A scanner or port that cannot be reached or used (exit 3); becomes a state on the status line."""

    family = "Device"


class StoreError(ScannerError):
    """The ledger cannot be read or written: disk full, read-only, corrupt, newer schema, second process (exit 3)."""

    family = "Store"


class SyncError(ScannerError):
    """The centre cannot be reached or answered something unexpected (exit 3)."""

    family = "Sync"


class ProgramError(ScannerError):
    """A fault of the program's own: an assertion, or anything else that nothing expects. The log tells of it by its id.

    What was saved before it is kept, and the work is taken up from there.
    """

    family = "Program"

    def __init__(self, fault: str) -> None:
        super().__init__("PROGRAM_FAULT", f"fault {fault} of the program.", remedy=REPORT_IT, retryable=True)
        self.fault = fault
