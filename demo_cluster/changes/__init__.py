"""How an object changes: patches of every form, and who owns which field."""
