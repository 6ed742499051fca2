"""The Textual screens: they lay out a View and decide nothing. Only they and scanner_app.app know Textual."""
