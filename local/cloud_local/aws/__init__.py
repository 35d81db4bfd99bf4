"""The emulated AWS: moto behind our front, with Lambda's Invoke API, event delivery and the patches that moto needs."""
