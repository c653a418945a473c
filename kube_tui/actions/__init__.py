"""What a key does to objects. An action knows its desk, not Textual. Imports nothing here."""
