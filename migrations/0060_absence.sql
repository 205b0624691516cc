-- Of a look that saw nothing: that AWS answered that the resource is not there, rather than that it could not be asked. It
-- counts while it is the time of the last failed look, so that a version which does not know it leaves none behind.

ALTER TABLE observations ADD COLUMN absent_at timestamptz;
