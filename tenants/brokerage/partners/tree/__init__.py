"""Who stands below whom and by what terms, over time."""
