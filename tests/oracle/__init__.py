"""The oracle: execution of tiny models decides the impact of every config field; `python -m tests.oracle`."""
