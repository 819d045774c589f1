//! From files to incidents: formats, encodings, headers, dates, and the rows that could not be read.
