"""Who a client is: asked, shown, checked, scored, and decided with the reason kept."""
