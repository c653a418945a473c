"""What a cluster is made of and what happens to it, from a file."""
