"""A card PSP that speaks the part of Stripe's published API a deposit and payout integration uses."""
