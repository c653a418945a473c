"""One module per topic of the API: functions from a `Call` to a reply. Imports nothing here."""
