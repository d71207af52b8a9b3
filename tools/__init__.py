"""Programs that write pages of docs/ from what runs show. They use tests/support, so `tests` has to be on the path."""
