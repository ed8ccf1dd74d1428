"""Accounts, posts and history become signals: niches, language, engagement, growth, text and vector."""
