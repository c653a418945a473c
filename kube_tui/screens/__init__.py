"""Whole screens: composition and the workers that live as long as they do. Imports nothing here."""
