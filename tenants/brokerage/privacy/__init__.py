"""What is kept of a person, how long and why; legal holds; erasure with a certificate."""
