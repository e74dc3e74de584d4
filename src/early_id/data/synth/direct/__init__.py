"""Features drawn without extracts, for simulations, and the best score that can be had from them.

``draw`` is the way in (``matrix``): ``crowd`` draws who there is, ``absence``, ``events`` and ``agencies`` what happens to them and is known,
``windows`` what falls into the windows of the features. ``ceiling`` fits the form of the mechanism (``forms``) and measures it (``oracle``).
"""
