"""What a broker gives its introducers to show: banners, landing pages, and what each of them brought."""
