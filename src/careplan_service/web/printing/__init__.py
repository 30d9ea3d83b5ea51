"""Leaflets as HTML and as PDF. docs/printing.md"""
