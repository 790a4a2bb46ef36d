"""Weight evidence: whether the weights of one model come from another's, part by part, and how sure that is.

`reading` opens checkpoints, `packed` undoes quantisation, `units` says which values are which part of the model,
`measure` compares elements, `statistics` tests independence, `plan` chooses what to read, `run` does it, and
`verdict` judges. Nothing here is imported before a weight check is asked for.
"""
