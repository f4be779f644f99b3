// purpose: Vectors of items lie on nodes of their own, one an encoder version.
DROP INDEX item_vectors IF EXISTS
