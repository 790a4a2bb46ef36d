"""Undoes quantisation and the layouts of file formats: the tensors of a checkpoint as what they stand for."""

from archdiff.weights.packed.opened import open_tensors

__all__ = ["open_tensors"]
