// purpose: Wait until every index answers, five minutes at most.
CALL db.awaitIndexes(300)
