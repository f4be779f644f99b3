// purpose: Indexes that could not be built, as on a full disk; only dropping them helps.
// columns: name
SHOW INDEXES YIELD name, state WHERE state = 'FAILED'
RETURN name
