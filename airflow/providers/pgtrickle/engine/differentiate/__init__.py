"""The delta laws: one module an operator, each headed by its equation."""
