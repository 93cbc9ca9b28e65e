"""What the clients of these tests sign in by."""

PASSWORD = "plum-cycle-harbour-42"
