"""How much a deployment can serve, predicted from measured costs."""
