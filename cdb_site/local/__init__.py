"""The system without containers: PostgreSQL, Valkey and every service of the service table as local processes.

`python -m cdb_site.local demo` is what `make demo` runs. Programs that need a system, or only its two servers,
of their own open one with `cdb_site.local.system.running_system` or `cdb_site.local.servers.running_servers`.
Nothing here is imported by a service.
"""
