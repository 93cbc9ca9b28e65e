"""Files from banks and providers, read into plain values; nothing here touches the database."""
