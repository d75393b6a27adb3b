"""What the application does, in order: plain functions that say in their signature what they touch."""
