"""What so many creators and searches take: nodes, memory, disk, time, money; pure, from measured constants.

``constants`` names every number that the plan rests on, ``calibration`` reads those that were measured, ``space``,
``work`` and ``waiting`` are the formulas, ``sizing`` finds the cluster, ``spread`` says how sure that is.
"""
