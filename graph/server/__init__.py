"""The Neo4j server that isthmus runs itself: jars, process, files, start and stop."""

from isthmus.graph.server.admin_tool import write_dump
from isthmus.graph.server.databases import (
    check_database,
    copy_database,
    import_database,
    load_database,
    replace_database,
)
from isthmus.graph.server.disk import (
    GROWTH,
    ROOM_TO_WRITE,
    check_room,
    explain_disk_error,
    keep_reserve,
)
from isthmus.graph.server.failures import DatabaseFailed, DiskFull, NotOurServer, ServerError
from isthmus.graph.server.folders import Folders
from isthmus.graph.server.health import read_state
from isthmus.graph.server.jars import LOCK_FILE, NEO4J_VERSION, write_lock
from isthmus.graph.server.lifecycle import (
    find,
    has_graph,
    lifecycle_lock,
    page_cache_size,
    pause,
    restart,
    rotate_password,
    start,
    stop,
)
from isthmus.graph.server.process_start import start_time
from isthmus.graph.server.record import ServerRecord
from isthmus.graph.server.scratch import scratch, shared_home
from isthmus.graph.server.server_log import LogLines, follow_log, read_log
from isthmus.graph.server.status import (
    ServerStatus,
    database_state,
    explain_reason,
    explain_silence,
    has_exited,
    has_room_to_start,
    read_status,
)

__all__ = [
    "GROWTH",
    "LOCK_FILE",
    "NEO4J_VERSION",
    "ROOM_TO_WRITE",
    "DatabaseFailed",
    "DiskFull",
    "Folders",
    "LogLines",
    "NotOurServer",
    "ServerError",
    "ServerRecord",
    "ServerStatus",
    "check_database",
    "check_room",
    "copy_database",
    "database_state",
    "explain_disk_error",
    "explain_reason",
    "explain_silence",
    "find",
    "follow_log",
    "has_exited",
    "has_graph",
    "has_room_to_start",
    "import_database",
    "keep_reserve",
    "lifecycle_lock",
    "load_database",
    "page_cache_size",
    "pause",
    "read_log",
    "read_state",
    "read_status",
    "replace_database",
    "restart",
    "rotate_password",
    "scratch",
    "shared_home",
    "start",
    "start_time",
    "stop",
    "write_dump",
    "write_lock",
]
