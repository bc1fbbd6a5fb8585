"""Interactive views of traces, one module an idea, for notebooks and HTML pages."""

from embedlab import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__)
