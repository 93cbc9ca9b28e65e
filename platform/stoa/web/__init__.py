"""The edge: from a host name to a unit of work, and from a view or a refusal to an answer."""
