"""Go's text/template, compiled once to Python functions; `template` is the way in.

Imports nothing here.
"""
