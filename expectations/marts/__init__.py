"""What marts must keep beyond their shape: one module per domain, one function per mart that takes the
parameters of the run and returns row rules.

The shape (grain, percentages, rates, counts, no personal data) is judged for every mart by `mart_suite`; a mart without
a function is held against its shape alone. These modules need no Great Expectations.
"""
