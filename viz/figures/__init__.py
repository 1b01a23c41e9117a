"""Pictures of inputs, filters, activations, answers and relevance, and the page that holds them."""
