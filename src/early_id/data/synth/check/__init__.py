"""The made-up council beside what is published: ``tally`` counts a council, ``table`` declares the figures, ``judge`` compares them.

``measures`` estimates shares and rates with their errors, ``attendance`` and ``events`` list the figures, ``pictures`` draws two of them.
"""
