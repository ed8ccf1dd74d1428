"""The demo table that comes with the product: public facts about creators, no prose; see ``SOURCES.md`` here."""
