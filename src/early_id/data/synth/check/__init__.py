"""The made-up council beside what is published: ``tally`` counts a council, ``table`` declares the figures, ``judge`` compares them.

``measures`` estimates shares and rates with their errors, ``attendance`` and ``events`` list the figures, ``unmet`` those
that nothing is fitted to; ``pictures`` draws two.
"""
