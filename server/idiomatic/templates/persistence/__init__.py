"""What is kept in a database, with SQLAlchemy and asyncio."""
