"""Kinds that users define: their schemas, rules and versions."""
