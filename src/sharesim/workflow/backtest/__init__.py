"""What the general evidence would have said of real arrangements, beside what was published of them."""
