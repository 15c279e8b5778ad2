"""The figures of `docs/guide.md`: small networks measured, and the page that states them."""
