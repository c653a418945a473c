"""The types of the API as a table of facts, and the OpenAPI documents made of it. No requests."""
