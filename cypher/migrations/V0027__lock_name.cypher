// purpose: One node a lock, so that of two who take it at once one gets it.
CREATE CONSTRAINT lock_name IF NOT EXISTS FOR (l:Lock) REQUIRE l.name IS UNIQUE
