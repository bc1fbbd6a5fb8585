"""Inputs of explorers from users: sentences, batches, texts, tables, vectors, layers."""
