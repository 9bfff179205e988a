"""Image folders: data sets of image files in one of several directory layouts.

Each of ``layouts.LAYOUTS`` is a function that finds the images of a directory in ``listing`` and
returns their ``manifest``: path, label and part of each. ``manifest.validate`` checks any manifest,
and ``image_files.load_listing`` reads the pixels.
"""
