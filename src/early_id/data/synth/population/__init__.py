"""Who there is: families, children, schools, need, and numbers that can be nobody's."""
