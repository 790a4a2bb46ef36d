"""The truth bench: models trained here whose relations are known, and what archdiff says of each pair."""
