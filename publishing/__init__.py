"""What leaves the warehouse: releases that people read, and lists and alerts for other systems."""
