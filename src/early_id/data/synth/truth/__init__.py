"""What is true and no agency knows: written beside the extracts, never into them."""
