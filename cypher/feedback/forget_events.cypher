// purpose: Delete the idempotency keys of events that were recorded too long ago to be sent again.
// parameters: days FLOAT for which they are stored
MATCH (e:Event)
WHERE e.at < datetime({epochSeconds: toInteger(datetime().epochSeconds - $days * 86400)})
CALL (e) { DETACH DELETE e } IN TRANSACTIONS OF 1000 ROWS
