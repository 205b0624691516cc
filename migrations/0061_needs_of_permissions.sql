-- What each missing action is needed for, by action: kinds of resources and of steps of one's own. An action that is not
-- named may concern anybody, as all did before.

ALTER TABLE role_permissions ADD COLUMN needed_by jsonb;
