"""The only modules that hold a service client: lake, cluster, queue, cache, coordination."""
