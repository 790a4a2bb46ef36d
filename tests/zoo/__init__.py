"""The zoo: every model type of the installed transformers, built, traced and named; `python -m tests.zoo`."""
