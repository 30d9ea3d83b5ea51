"""A plan for the client to take home: what may stand on paper, in which words. docs/printing.md"""
