"""All SQL: SQLAlchemy Core in the intersection of SQLite, MariaDB and MySQL 8. Functions take a
connection whose transaction belongs to the caller, and return models."""
