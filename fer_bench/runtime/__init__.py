"""Process and machine level: errors, files, terminal output, progress, locks."""
