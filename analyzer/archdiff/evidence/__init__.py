"""The evidence that lies beside the weights: training logs, tokenizers, declared lineage, licences, modelling code.

Each part reads files of its own and returns frozen values; what a report makes of them is not known here.
"""
