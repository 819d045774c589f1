//! The way in: files are checked, then read in order, each row an incident or a rejection.

use std::path::{Path, PathBuf};

use super::csv::CsvRows;
use super::ids::SeenIds;
use super::jsonl::{self, JsonRows};
use super::layout::Layout;
use super::mapping::{Mapping, missing};
use super::parquet::{self, ParquetRows};
use super::scan::{Encoding, Scan, glance, scan};
use super::text::TextInput;
use super::xlsx::{self, XlsxRows};
use super::{Chunk, Format, IngestOptions, Rows, Source, csv, record};
use crate::error::{Error, Result};

/// Narrative bytes after which a chunk ends before its rows are full, so that a chunk of very long texts stays small.
const MAX_CHUNK_BYTES: usize = 64 << 20;

/// Reads incidents from files, in order.
///
/// ```
/// use foursight::ingest::{IngestOptions, Reader};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("log.csv");
/// std::fs::write(&path, "Log No,Reported,Text\n4211873,12/03/2025 14:05,He waits outside.\n4211874,31/02/2025,Noise.\n")?;
/// let mut reader = Reader::open(&[path], IngestOptions::default())?;
/// let chunk = reader.next_chunk(1000)?.unwrap();
/// assert_eq!(chunk.incidents[0].id, "4211873");
/// assert_eq!(chunk.rejected[0].cause, "day 31 does not exist in month 2");
/// assert!(reader.next_chunk(1000)?.is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Reader {
    files: Vec<OpenedFile>,
    sources: Vec<Source>,
    mapping: Mapping,
    seen: SeenIds,
    /// The file that is being read.
    current: usize,
    rows: Option<Box<dyn Rows>>,
}

/// A file that has been looked at.
struct OpenedFile {
    layout: Layout,
    encoding: Encoding,
    kind: Kind,
}

/// What each format needs for reading on.
enum Kind {
    Csv,
    Jsonl,
    Stdin(Option<Box<TextInput>>),
    /// The workbook, if it is held open.
    Xlsx(Option<xlsx::Worker>),
    Parquet(parquet::About),
}

impl Reader {
    /// Looks at every file: that it is there, what it is, and that its header tells id and narrative.
    ///
    /// # Errors
    /// [`Error::Usage`] for options that do not fit (an unknown ending, a file given twice, a mapping or kept column that no file has);
    /// [`Error::Input`] or [`Error::Io`] for a file that cannot be read.
    pub fn open(paths: &[PathBuf], options: IngestOptions) -> Result<Self> {
        if paths.is_empty() {
            return Err(Error::Usage("no input file is given".to_owned()));
        }
        refuse_repeats(paths)?;
        // A wrong path or ending among many large files is told at once, before any of them is read through.
        for path in paths.iter().filter(|path| !is_stdin(path)) {
            check_kind(path, &options)?;
        }
        let mapping = options.mapping.as_deref().map_or_else(|| Ok(Mapping::default()), Mapping::load)?;
        let (mut files, mut sources) = (Vec::new(), Vec::new());
        for path in paths {
            let (mut file, source) = OpenedFile::new(path, &options, &mapping)?;
            file.hold_one_workbook(&files);
            files.push(file);
            sources.push(source);
        }
        let headers: Vec<String> = files.iter().flat_map(|file| file.layout.headers.iter().cloned()).collect();
        mapping.check(&headers)?;
        if let Some((_, message)) = missing(&headers, options.keep_columns.iter().map(String::as_str)) {
            return Err(Error::Usage(format!("--keep-columns names {message}")));
        }
        for (file, path) in files.iter().zip(paths) {
            if let Some(fault) = file.layout.fault() {
                return Err(Error::input(path, fault));
            }
        }
        Ok(Self { files, sources, mapping, seen: SeenIds::default(), current: 0, rows: None })
    }

    /// The next rows, at most `rows` of them (at least one); `None` when all files are read.
    ///
    /// # Errors
    /// [`Error::Input`] or [`Error::Io`] for a file that turns out to be damaged; bad rows are in [`Chunk::rejected`].
    pub fn next_chunk(&mut self, rows: usize) -> Result<Option<Chunk>> {
        let mut chunk = Chunk::default();
        let mut bytes = 0;
        while chunk.incidents.len() + chunk.rejected.len() < rows.max(1) && bytes < MAX_CHUNK_BYTES {
            if self.rows.is_none() {
                if self.current >= self.files.len() {
                    break;
                }
                self.rows = Some(self.files[self.current].rows(&self.sources[self.current], &self.mapping)?);
            }
            if !self.read_row(&mut chunk, &mut bytes)? {
                self.close();
            }
        }
        let is_empty = chunk.incidents.is_empty() && chunk.rejected.is_empty();
        Ok((!is_empty).then_some(chunk))
    }

    /// What is known about each file, in the order given.
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// How much of all files has been read, 0..=1 by their sizes.
    #[expect(clippy::cast_precision_loss, reason = "a share for a progress bar")]
    pub fn share_read(&self) -> f64 {
        if self.current >= self.files.len() {
            return 1.0;
        }
        let bytes = |sources: &[Source]| sources.iter().map(|source| source.bytes).sum::<u64>() as f64;
        let here = self.rows.as_ref().map_or(0.0, |rows| rows.share().clamp(0.0, 1.0));
        let read = bytes(&self.sources[..self.current]) + here * self.sources[self.current].bytes as f64;
        (read / bytes(&self.sources).max(1.0)).clamp(0.0, 1.0)
    }

    /// Reads one row into `chunk`; `false` at the end of the file.
    fn read_row(&mut self, chunk: &mut Chunk, bytes: &mut usize) -> Result<bool> {
        let file = self.current;
        let Some(rows) = &mut self.rows else { return Ok(false) };
        let Some(raw) = rows.next_row()? else { return Ok(false) };
        let (row, seen, sources) = (raw.row, &mut self.seen, &self.sources);
        let repeat = |id: &str| {
            let (first_file, first_row) = seen.add(id, file, row).err()?;
            let first = if first_file == file { "this file".to_owned() } else { sources[first_file].path.display().to_string() };
            let here = sources[file].path.display();
            Some(format!("repeats the id of row {first_row} of {first} (this is row {row} of {here}); ids are unique in a run"))
        };
        let result = record::read(raw, rows.layout(), file, repeat);
        let source = &mut self.sources[file];
        source.rows += 1;
        match result {
            Ok(accepted) => {
                *bytes += accepted.incident.narrative.len();
                source.incidents += 1;
                source.truncated += u64::from(accepted.truncated);
                source.repaired += u64::from(accepted.repaired);
                chunk.incidents.push(accepted.incident);
            }
            Err(rejected) => {
                source.rejected += 1;
                chunk.rejected.push(rejected);
            }
        }
        Ok(true)
    }

    /// Ends the current file and notes what only its end tells.
    fn close(&mut self) {
        let source = &mut self.sources[self.current];
        if let Some(mut rows) = self.rows.take() {
            source.mapping = rows.layout().mapping();
            source.unmapped = rows.layout().unmapped();
            if let Some((bytes, sha256)) = rows.received() {
                source.bytes = bytes;
                source.sha256 = sha256;
            }
        }
        self.current += 1;
    }
}

fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

/// The format of a file that is there, is not empty, and begins as that format does.
fn check_kind(path: &Path, options: &IngestOptions) -> Result<Format> {
    let head = glance(path)?;
    let format = options.format.map_or_else(|| Format::by_ending(path), Ok)?;
    if head.is_empty() {
        return Err(Error::input(path, "is empty; check the export"));
    }
    format.check_first_bytes(&head).map_err(|message| Error::input(path, message))?;
    Ok(format)
}

/// One file under two names is one file.
fn refuse_repeats(paths: &[PathBuf]) -> Result<()> {
    let real: Vec<PathBuf> = paths.iter().map(|path| path.canonicalize().unwrap_or_else(|_| path.clone())).collect();
    for (i, path) in paths.iter().enumerate() {
        if real[..i].contains(&real[i]) {
            return Err(Error::Usage(format!("{}: is given twice; name each file once", path.display())));
        }
    }
    Ok(())
}

impl OpenedFile {
    fn new(path: &Path, options: &IngestOptions, mapping: &Mapping) -> Result<(Self, Source)> {
        let (format, scan, kind, headers) =
            if is_stdin(path) { Self::look_at_stdin(options)? } else { Self::look_at(path, options, mapping)? };
        let layout = Layout::new(headers, mapping, &options.keep_columns);
        let source = Source {
            path: path.to_owned(),
            format,
            encoding: scan.encoding.name().to_owned(),
            bytes: scan.bytes,
            sha256: scan.sha256,
            sheet: if let Kind::Xlsx(Some(worker)) = &kind { Some(worker.table().sheet.clone()) } else { None },
            mapping: layout.mapping(),
            unmapped: layout.unmapped(),
            rows: 0,
            incidents: 0,
            rejected: 0,
            truncated: 0,
            repaired: 0,
        };
        Ok((Self { layout, encoding: scan.encoding, kind }, source))
    }

    /// Closes this file's workbook if another is held open already: a workbook takes memory, and is opened again when its turn comes.
    fn hold_one_workbook(&mut self, others: &[Self]) {
        let is_held = others.iter().any(|other| matches!(other.kind, Kind::Xlsx(Some(_))));
        if let (Kind::Xlsx(worker), true) = (&mut self.kind, is_held) {
            *worker = None;
        }
    }

    fn look_at(path: &Path, options: &IngestOptions, mapping: &Mapping) -> Result<(Format, Scan, Kind, Vec<String>)> {
        let format = check_kind(path, options)?;
        let scan = scan(path)?;
        let (kind, headers) = match format {
            Format::Csv | Format::Tsv => (Kind::Csv, csv::header(path, format, scan.encoding)?.names),
            Format::Jsonl => (Kind::Jsonl, jsonl::keys(&mut TextInput::open(path, scan.encoding)?)?),
            Format::Xlsx => {
                let worker = xlsx::Worker::open(path, mapping)?;
                let headers = worker.table().headers.clone();
                (Kind::Xlsx(Some(worker)), headers)
            }
            Format::Parquet => {
                let about = parquet::about(path)?;
                (Kind::Parquet(about.clone()), about.headers)
            }
        };
        let encoding = if format.is_text() { scan.encoding } else { Encoding::Utf8 };
        Ok((format, Scan { encoding, ..scan }, kind, headers))
    }

    fn look_at_stdin(options: &IngestOptions) -> Result<(Format, Scan, Kind, Vec<String>)> {
        if let Some(format) = options.format.filter(|format| *format != Format::Jsonl) {
            return Err(Error::Usage(format!("standard input is read as JSON Lines, not as {format}; give a file instead of `-`")));
        }
        let mut input = TextInput::stdin();
        let headers = jsonl::keys(&mut input)?;
        let scan = Scan { bytes: 0, sha256: String::new(), encoding: Encoding::Utf8 };
        Ok((Format::Jsonl, scan, Kind::Stdin(Some(Box::new(input))), headers))
    }

    /// Begins reading.
    fn rows(&mut self, source: &Source, mapping: &Mapping) -> Result<Box<dyn Rows>> {
        let (path, layout) = (source.path.as_path(), self.layout.clone());
        Ok(match &mut self.kind {
            Kind::Csv => Box::new(CsvRows::open(path, source.format, self.encoding, layout, source.bytes)?),
            Kind::Jsonl => Box::new(JsonRows::new(TextInput::open(path, self.encoding)?, layout, source.bytes)),
            Kind::Stdin(input) => match input.take() {
                Some(input) => Box::new(JsonRows::new(*input, layout, 0)),
                None => return Err(Error::input(path, "standard input was read before")),
            },
            Kind::Xlsx(worker) => {
                let worker = worker.take().map_or_else(|| xlsx::Worker::open(path, mapping), Ok)?;
                Box::new(XlsxRows::new(worker, layout))
            }
            Kind::Parquet(about) => Box::new(ParquetRows::open(path, about, layout)),
        })
    }
}
