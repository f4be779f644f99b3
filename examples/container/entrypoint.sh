#!/bin/sh
# Runs a command of isthmus. The password of Neo4j comes from a file with USER/PASSWORD, as Neo4j's own
# image reads it, so that it stands neither in the image nor in the description of the container.
set -eu
secret=/run/secrets/neo4j_auth
if [ -e "$secret" ]; then
  auth=$(cat "$secret")
  NEO4J_USERNAME=${auth%%/*}
  NEO4J_PASSWORD=${auth#*/}
  export NEO4J_USERNAME NEO4J_PASSWORD
fi
exec isthmus "$@"
