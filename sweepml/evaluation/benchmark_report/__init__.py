"""The report of a benchmark: its tables as one HTML page that opens offline, and as a Markdown summary.

`results` holds what is reported, one module a group of sections turns tables into blocks (`blocks`), and `html` and
`markdown` write the blocks down; `headline` keeps the README's table in step.
"""
