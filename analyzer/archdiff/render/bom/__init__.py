"""Bills of materials: what is known of a model and where it comes from, in the standards of supply chains."""
