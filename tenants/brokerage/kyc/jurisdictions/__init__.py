"""What a jurisdiction asks for: its pack, the pages of the wizard, the test of knowledge."""
