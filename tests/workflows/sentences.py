"""Checks that whatever a step says can be said: each code has an English sentence, and its parameters fill it."""

from __future__ import annotations

from string import Formatter
from typing import TYPE_CHECKING, Any

from scanner_app.domain.refusals import Refused
from scanner_app.phrases import ALWAYS
from scanner_app.phrases.en import SENTENCES

if TYPE_CHECKING:
    from scanner_app.domain.refusals import Parameters
    from scanner_app.workflows.step import Prompt, Transition


def unsaid(code: str, parameters: Parameters) -> list[str]:
    """What is wrong with a code and its parameters: no sentence, or fields that nothing fills."""
    if code not in SENTENCES:
        return [f"no sentence for {code}"]
    fields = [name for _, name, _, _ in Formatter().parse(SENTENCES[code]) if name]
    return [f"{code} lacks {name}" for name in fields if name not in ALWAYS and parameters.get(name) is None]


def unsaid_of(transition: Transition[Any], *prompts: Prompt) -> list[str]:
    """What cannot be said of a transition and of the prompts that follow it; empty when everything can."""
    found = []
    for line in (*transition.lines, *([transition.say] if transition.say else [])):
        found += unsaid(line.code, line.parameters)
    if transition.draft is not None and transition.say is None:
        verdict = transition.draft.verdict
        code = f"refusal.{verdict.refusal}" if isinstance(verdict, Refused) else f"outcome.{verdict.outcome}"
        found += unsaid(code, verdict.parameters)
    for prompt in prompts:
        found += unsaid(prompt.code, prompt.parameters)
        if prompt.noun != prompt.parameters.get("place"):
            found += unsaid(f"noun.{prompt.noun}", {})
        for command in prompt.commands:
            found += unsaid(f"command.{command}", {})
    return found
