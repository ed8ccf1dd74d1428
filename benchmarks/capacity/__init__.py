"""The constants of ``creatorscope capacity``: measuring them, and proving what is planned with them."""
