"""What runs in a container, and what it says."""
