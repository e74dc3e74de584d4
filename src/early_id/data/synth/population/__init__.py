"""Who there is, before anything happens to them.

``people`` makes families and children, ``schools`` the schools and their rolls, ``need`` what nobody sees and all signs follow,
``identifiers`` numbers that can be nobody's, ``canaries`` five people that a leak can be searched by.
"""
