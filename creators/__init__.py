"""The kernel: the words every stage speaks, and the gateways to the stores where stages meet.

    source → fetchers → RawRecord → [lake] → enrich → Account, Post → [profiles] → Creator → Signals
           → indexers → CreatorDocument → [creators] → search → CreatorHit → api

Nothing here imports a stage.
"""
