"""The `:` line: its grammar and what could come next. Pure. Imports nothing here."""
