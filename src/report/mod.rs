//! What a run leaves behind: tables, the review workbook, the page, rejected rows and the manifest.
