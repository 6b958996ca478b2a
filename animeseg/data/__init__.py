"""Making training data: cut-outs composed into pictures with exact masks."""
