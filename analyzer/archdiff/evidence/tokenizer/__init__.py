"""Two tokenizers: what their vocabularies, ids, merges and rules share, whether one comes from the other, controls."""
