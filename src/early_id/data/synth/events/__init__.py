"""What happens to children and is put down.

``suspension_rates`` and ``suspensions``; ``police`` (missing episodes, notices), ``housing``, ``health``, ``factors`` of assessments;
``services``: contacts, early help and statutory work month by month, ``casework``: what follows one contact.
"""
