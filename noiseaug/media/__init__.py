"""Reading and writing of files: one package a kind of media, each with

    perform(source, outputs, max_pixels, accept_damaged=...) -> steps, at whose end are the facts of each output

which decodes the source once, writes every output, and returns what the manifest says of each. `output` has what all
kinds are given, and `steps` says where they pause. The packages of kinds import codecs; this one imports nothing.

May import `noise` and what is below it.
"""
