"""What the learner brings: sentences, batches, texts, tables, vectors, layers."""
