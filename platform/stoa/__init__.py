"""The building: what all tenants share."""
