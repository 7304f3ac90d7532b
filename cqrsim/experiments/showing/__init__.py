"""Results as text and as files."""
