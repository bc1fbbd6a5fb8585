"""The exercises and questions, one module a lesson."""
