-- RESTRICT: a relation that someone built on storage is not ours to drop.
DROP TABLE IF EXISTS {storage} RESTRICT
