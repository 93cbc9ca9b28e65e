"""Words and decisions every floor shares; nothing here touches the world."""
