"""What happens to children and is put down: suspensions, notices, factors, contacts, help."""
