"""A run from end to end, the summary of what it did, and the merging of runs over shards.

Ties together what is below: planning, engines, the manifest and companions.
"""
