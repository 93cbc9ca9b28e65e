"""What we tell people: letters by mail, and notices inside the product."""
