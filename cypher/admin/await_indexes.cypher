// purpose: Wait until every index is online, for at most five minutes.
CALL db.awaitIndexes(300)
