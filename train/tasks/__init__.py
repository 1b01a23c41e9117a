"""What a network is asked: the problem types with their activation, loss, metrics and targets."""
