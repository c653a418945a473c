"""The terminal program: any View in any scope as a live table.

Only `app`, `screens`, `widgets`, `dialogs` and `theme` know Textual. Imports nothing here.
"""
