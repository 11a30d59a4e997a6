"""The whole story on a real Concourse."""
