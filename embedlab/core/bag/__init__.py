"""Sums, means and maxima of bags of rows, and their gradients."""

from embedlab.core.bag.forward import bag
from embedlab.core.bag.gradient import grad_bag, grad_bag_max, grad_bag_weights
from embedlab.core.bag.max import bag_max
from embedlab.core.bag.parse import Bags, parse_bags, upcast_float16, validate_bags

__all__ = [
    "Bags",
    "bag",
    "bag_max",
    "grad_bag",
    "grad_bag_max",
    "grad_bag_weights",
    "parse_bags",
    "upcast_float16",
    "validate_bags",
]
