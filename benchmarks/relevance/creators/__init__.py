"""A judged collection of creators: what the product itself is asked, graded by stated rules."""
