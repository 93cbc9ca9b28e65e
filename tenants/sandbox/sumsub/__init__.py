"""A KYC provider with the shapes of Sumsub's published API, which decides by rules one can steer."""
