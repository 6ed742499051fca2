"""The headless terminal: everything the worker can do, without a screen; Textual and `replay` both drive it."""
