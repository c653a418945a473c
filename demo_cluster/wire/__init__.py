"""From bytes to values and back: connections, encodings, negotiation, routes, pages."""
