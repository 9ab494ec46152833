"""Papers drawn to look like scanned registration documents, each page marked 样例; drawn in child processes."""
