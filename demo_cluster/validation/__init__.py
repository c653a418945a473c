"""What is wrong with objects, field by field, in the API server's words and order.

A module is what one family of kinds is checked for; `objects.py` is the table of who checks what.
Nothing here changes an object or knows a request.
"""
