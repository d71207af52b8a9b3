"""A DEST checked against its manifest: files compared with their rows, or made again and compared.

A manifest is untrusted input here: nothing outside DEST and SOURCE is touched.
"""
