"""The types of the API: their fields, wire numbers and merge rules, as a table. Imports nothing."""
