"""What `save` keeps in a warehouse: each question as an object there that others call, found again by name and content."""
