"""A run from end to end, and the summary of what it did.

Ties together what is below: planning, engines, the manifest and companions.
"""
