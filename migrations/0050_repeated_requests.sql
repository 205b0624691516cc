-- Which sending of a request holds its key. A request that commits more than once knows its own mark by it, and of
-- two sendings at the same moment the second finds the first's.
ALTER TABLE idempotency_keys ADD COLUMN sending uuid;
