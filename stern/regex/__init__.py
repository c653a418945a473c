"""Regular expressions as RE2 and Go understand them, run in linear time or by `re`.

`pattern` is the way in. Imports nothing here.
"""
