"""The networks of a first course: dense, CNN, pretrained backbones with their stages and weights."""
