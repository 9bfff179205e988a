"""Readers for data set formats: CSV files, npz files and image folders."""
