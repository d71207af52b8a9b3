"""Noise for programs that train models, with the samples in memory and no files.

`gaussian` has the transform that programs call and `settings` what it is set to. `inputs` takes arrays, tensors and
pictures and gives the like back, `checks` looks at their values, `items` puts noise on one item, `ratios` does so for
an SNR, and `fresh` makes noise that never repeats. `stream` gives the samples that a run over a folder would write.

May import `pipeline`, `work` and what is below.
"""
