ALTER TABLE {{ table | table }} ADD COLUMN IF NOT EXISTS
{{ columns | columns }}
