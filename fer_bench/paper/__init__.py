"""What the paper published."""
