"""Every task as a pure state machine: inputs and facts in, one entry and a sentence out."""
