"""Speed measurements that `make bench` runs; every number in the documentation comes from here."""
