"""The Textual screens: they lay out a View and decide nothing; the only package, with scanner_app.app, that knows Textual."""
