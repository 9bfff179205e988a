"""Formats that data sets come in: csv and npz files, and folders of images."""
