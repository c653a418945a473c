"""What the API server fills in where a user says nothing."""
