"""Where objects are: the store with its history, how they are paged, how they go."""
