"""Log lines of many pods as one stream: a library with a command on top.

The library is `stern.tailer`, `stern.options` and `stern.entry`. Imports nothing here.
"""
