"""The built-in rules, one file each, in a folder per group.

Nothing imports a rule by name: the registry walks this package when it needs the rules.
"""
