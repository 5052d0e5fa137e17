"""The studies behind docs/validation.md, one module each; `scripts/validate.py` runs them."""
