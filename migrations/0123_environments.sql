-- Which environment an application is in, such as production: what a role may be limited to, beside its name, tier and owner.

ALTER TABLE applications ADD COLUMN environment name_text;
