"""Makes surrogates: reads simulations, prepares conditional inputs, exports and archives generators."""
