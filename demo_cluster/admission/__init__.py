"""What is decided about a write before it is checked: quotas, limit ranges, classes."""
