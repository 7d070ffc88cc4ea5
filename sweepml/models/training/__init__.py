"""What all models that are trained by gradient descent share: device, held-out rows, the loop, checkpoints."""
