"""Moving what is published, without building: `promote`, `tag`, `rollback`, `undo`.

Each is one transaction. What is moved stands in a registry already; nothing here knows of builds.
"""
