"""Taking dossiers in: the package's rows and files, their checks, and the storing the import and the samples share."""
