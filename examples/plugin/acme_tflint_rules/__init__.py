"""House rules of Acme, one file each."""
