"""The operator's plane: fleet, provisioning, suspension, support sessions, jobs, audit.

No page here reads a tenant's tables. What it shows of a tenant is what the tenant's own worker
counted and reported.
"""
