"""The folded graph of a model in the formats that graph programs read."""
