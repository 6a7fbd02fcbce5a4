"""Who is who over time: keys, matching, times and names, and the lock that keeps them."""
