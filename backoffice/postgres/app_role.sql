-- Run once, when the container makes a new database: the role that the services connect as.
-- It reads and writes rows and creates nothing; `manage.py grant_app_role` gives it the tables after every migration.
\set ON_ERROR_STOP on
\set password `cat /run/secrets/postgres_app_password`
CREATE ROLE cdb_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'password';
REVOKE ALL ON DATABASE :"DBNAME" FROM PUBLIC;
GRANT CONNECT, TEMPORARY ON DATABASE :"DBNAME" TO cdb_app;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO cdb_app;
