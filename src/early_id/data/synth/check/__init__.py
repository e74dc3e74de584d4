"""The made-up council beside what is published: figures with tolerances, and pictures."""
