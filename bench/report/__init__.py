"""What is written about a result: page, tables, charts and questions, one file a format."""
