"""The Neo4j server that isthmus runs itself: jars, process, files, start and stop."""

from isthmus.graph.server.admin_tool import administer, kill_abandoned, set_initial_password
from isthmus.graph.server.aot_cache import aot_options
from isthmus.graph.server.failures import ServerError
from isthmus.graph.server.folders import DATABASE, Folders
from isthmus.graph.server.jars import LOCK_FILE, write_lock
from isthmus.graph.server.lifecycle import (
    SECONDS_TO_STOP,
    check_database,
    copy_database,
    find,
    has_exited,
    has_graph,
    import_database,
    lifecycle_lock,
    page_cache_size,
    pause,
    replace_database,
    start,
    stop,
)
from isthmus.graph.server.process import (
    configure,
    configured_port,
    free_port,
    running_server,
    spawn,
    wait_for_exit,
    wait_for_query,
)
from isthmus.graph.server.record import ServerRecord, password_file
from isthmus.graph.server.scratch import scratch, shared_home

__all__ = [
    "DATABASE",
    "LOCK_FILE",
    "SECONDS_TO_STOP",
    "Folders",
    "ServerError",
    "ServerRecord",
    "administer",
    "aot_options",
    "check_database",
    "configure",
    "configured_port",
    "copy_database",
    "find",
    "free_port",
    "has_exited",
    "has_graph",
    "import_database",
    "kill_abandoned",
    "lifecycle_lock",
    "page_cache_size",
    "password_file",
    "pause",
    "replace_database",
    "running_server",
    "scratch",
    "set_initial_password",
    "shared_home",
    "spawn",
    "start",
    "stop",
    "wait_for_exit",
    "wait_for_query",
    "write_lock",
]
