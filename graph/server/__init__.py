"""The Neo4j server that isthmus runs itself: jars, process, files, start and stop."""

from isthmus.graph.server.admin_tool import administer, kill_abandoned, set_initial_password
from isthmus.graph.server.aot_cache import aot_options
from isthmus.graph.server.databases import (
    check_database,
    copy_database,
    import_database,
    replace_database,
)
from isthmus.graph.server.disk import (
    GROWTH,
    ROOM_TO_WRITE,
    check_room,
    explain_disk_error,
    keep_reserve,
)
from isthmus.graph.server.failures import DatabaseFailed, NotOurServer, ServerError
from isthmus.graph.server.folders import DATABASE, Folders
from isthmus.graph.server.health import read_state
from isthmus.graph.server.identity import kill_server
from isthmus.graph.server.jars import LOCK_FILE, write_lock
from isthmus.graph.server.lifecycle import (
    SECONDS_TO_STOP,
    database_state,
    explain_exit,
    explain_reason,
    find,
    has_exited,
    has_graph,
    has_room_to_start,
    lifecycle_lock,
    page_cache_size,
    pause,
    restart,
    start,
    stop,
)
from isthmus.graph.server.process import (
    configure,
    configured_port,
    free_port,
    spawn,
    wait_for_exit,
    wait_for_query,
)
from isthmus.graph.server.process_start import start_time
from isthmus.graph.server.record import ServerRecord, password_file
from isthmus.graph.server.scratch import scratch, shared_home

__all__ = [
    "DATABASE",
    "GROWTH",
    "LOCK_FILE",
    "ROOM_TO_WRITE",
    "SECONDS_TO_STOP",
    "DatabaseFailed",
    "Folders",
    "NotOurServer",
    "ServerError",
    "ServerRecord",
    "administer",
    "aot_options",
    "check_database",
    "check_room",
    "configure",
    "configured_port",
    "copy_database",
    "database_state",
    "explain_disk_error",
    "explain_exit",
    "explain_reason",
    "find",
    "free_port",
    "has_exited",
    "has_graph",
    "has_room_to_start",
    "import_database",
    "keep_reserve",
    "kill_abandoned",
    "kill_server",
    "lifecycle_lock",
    "page_cache_size",
    "password_file",
    "pause",
    "read_state",
    "replace_database",
    "restart",
    "scratch",
    "set_initial_password",
    "shared_home",
    "spawn",
    "start",
    "start_time",
    "stop",
    "wait_for_exit",
    "wait_for_query",
    "write_lock",
]
