"""Noise while a model trains: the transform that Python programs call, with the samples in memory.

`gaussian` has the public class and `settings` what it is set to. `inputs` takes arrays, tensors and pictures and gives
the like back, `checks` looks at their values, `items` puts noise on one item, `ratios` does so for an SNR, and `fresh`
makes noise that never repeats.

May import `work`, `media`, `noise`, `settings` and what is below. Nothing is read or written here.
"""
