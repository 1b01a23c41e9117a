"""What a model is fed: which axis is the batch, the sizes that the file leaves open, and the values."""
