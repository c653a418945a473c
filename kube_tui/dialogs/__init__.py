"""A question on the screen; the safe answer has the focus. Imports nothing here."""
