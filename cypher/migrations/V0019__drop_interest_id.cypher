// purpose: Interests are made anew by every encoder version.
DROP CONSTRAINT interest_id IF EXISTS
