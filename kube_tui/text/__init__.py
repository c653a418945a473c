"""Objects as text to read: describe and YAML. No terminal in it. Imports nothing here."""
