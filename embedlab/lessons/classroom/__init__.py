"""Answer cards, class summaries and the dashboard."""
