"""Reading and writing of files: one package a kind of media, each with

    perform(source, outputs, max_pixels, accept_damaged=...) -> steps, at whose end are the facts of each output

which decodes the source once, writes every output, and returns what the manifest says of each, and

    samples(source, outputs, max_pixels, accept_damaged=...) -> an iterator over the samples of each output

which gives the same samples in memory, one output after the other, and writes nothing. `output` has what all kinds are
given, and `steps` says where `perform` pauses. The packages of kinds import codecs; this one imports nothing.

May import `noise` and what is below it.
"""
