"""Ways to send the arms of one question; the service knows them by :class:`search.executors.contract.Executor`."""
