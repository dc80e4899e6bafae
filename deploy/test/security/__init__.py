"""Black-box tests of what Lakefront promises when someone means it harm."""
