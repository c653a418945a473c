"""The Table form of objects: the columns that `kubectl get` prints. Imports nothing here."""
