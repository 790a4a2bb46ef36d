"""archdiff."""
