"""Transition systems: tables of rows, their runs, searches and pictures. Knows no assistant."""
