"""The words of the two small worlds that the shipped painters know. Nothing else is imported."""
