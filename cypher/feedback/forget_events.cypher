// purpose: Forget the ids of events that were recorded so long ago that nobody sends them again.
// parameters: days FLOAT for which they are remembered
MATCH (e:Event)
WHERE e.at < datetime({epochSeconds: toInteger(datetime().epochSeconds - $days * 86400)})
CALL (e) { DELETE e } IN TRANSACTIONS OF 1000 ROWS
