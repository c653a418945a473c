"""The compose keys of a service that have rules of their own, a file each.

A key's file says all about it: what may be written, how files go over each other there, which
short syntax it has, what the model shows and what the project makes of it. To add one, write its
file and give it a line in `kompose.compose.service`.
"""
