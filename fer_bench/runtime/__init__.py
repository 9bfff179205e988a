"""Process and machine: errors, files, terminal, progress, locks."""
