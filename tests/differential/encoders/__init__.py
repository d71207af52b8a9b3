"""Those that write the corpus: each a function that yields names and bytes of files."""
