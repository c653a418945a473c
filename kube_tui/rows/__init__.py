"""Tables as data: what a row says, how rows are ordered, and where Enter goes. No terminal in it.

Imports nothing here.
"""
