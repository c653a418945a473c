"""Small, dumb widgets: attributes go in, messages come out. Imports nothing here."""
